"""The error that ends a command."""


class WorkerError(Exception):
    """Why the process ends, in one sentence for the operator."""
