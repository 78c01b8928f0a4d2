"""On which Temporal server the resilience tests run: chosen for a whole run, by the environment."""

import os

VARIABLE = "RESILIENCE_DATABASE"
POSTGRESQL = "postgresql"


def repeat_command(module: str) -> str:
    """The command that runs a module on the same Temporal server."""
    choice = f"{VARIABLE}={POSTGRESQL} " if on_postgresql() else ""
    return f"{choice}python -m {module}"


def on_postgresql() -> bool:
    """Whether to run on Temporal's server with PostgreSQL instead of the development server.

    Raises:
        ValueError: The variable has an unknown value.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in ("", POSTGRESQL):
        raise ValueError(f"{VARIABLE} is {value!r}; expected {POSTGRESQL!r} or nothing")
    return value == POSTGRESQL
