"""How a command ends: exit status, result document, and the error with the next steps."""

from enum import IntEnum

from telegent_orchestrator._models import WireModel


class ExitStatus(IntEnum):
    """Exit status of every command."""

    DONE = 0
    """Done, or in progress without needing an operator."""
    FAILED = 1
    """The onboarding, port-in or bulk failed or was cancelled, a message was rejected, not every
    number can be ported, or a start could not do everything that is planned."""
    USAGE = 2
    """The arguments, a file or the settings are invalid; nothing was sent."""
    NEEDS_OPERATOR = 3
    """It waits for an operator, or a comparison with Telegent has found differences."""
    UNREACHABLE = 4
    """Temporal or the worker is unreachable, authentication failed, or the payload keys or the id
    key are not the worker's."""
    INTERRUPTED = 130
    """Ctrl-C; what was started continues."""


class NextStep(WireModel):
    """What to do next.

    Attributes:
        reason: Why.
        commands: Commands that do it; replace each `…` before you run one.
    """

    reason: str
    commands: list[str] = []


class CommandResult(WireModel):
    """What `--json` prints after a message was accepted."""

    workflow_id: str
    next: list[NextStep] = []


class StartResult(CommandResult):
    """What `--json` prints after a start. `joined`: it existed, with the same request."""

    joined: bool


class MessageResult(CommandResult):
    """What `--json` prints after a message. `state_before`: the state that it found."""

    state_before: str | None = None


class CommandError(Exception):
    """Ends a command with an error message, every error found, and what to do next."""

    def __init__(
        self,
        message: str,
        exit_status: ExitStatus,
        *,
        errors: list[str] | None = None,
        next_steps: list[NextStep] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_status = exit_status
        self.errors = errors or []
        self.next_steps = next_steps or []
