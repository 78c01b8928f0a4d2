"""Why a command cannot go on."""


class WorkerError(Exception):
    """A reason to end the process, in one sentence for whoever runs it."""
