"""How a command ends: exit status, and what is said when it could not do what was asked."""

from enum import IntEnum

from telegent_orchestrator._models import WireModel


class ExitStatus(IntEnum):
    """Exit status of every command."""

    DONE = 0
    """Done, or going on without anybody."""
    FAILED = 1
    """The onboarding or port-in did not end well, or a message was refused."""
    USAGE = 2
    """What was typed or read cannot be used: nothing was sent."""
    NEEDS_OPERATOR = 3
    """It waits for a person."""
    UNREACHABLE = 4
    """Temporal or a worker does not answer, or does not let us in, or the keys are wrong."""
    INTERRUPTED = 130
    """Ctrl-C; what was started goes on."""


class NextStep(WireModel):
    """What to do next: why, and the commands to type; `…` in one is to be filled in."""

    reason: str
    commands: list[str] = []


class CommandResult(WireModel):
    """What `--json` prints of something that was taken."""

    workflow_id: str
    next: list[NextStep] = []


class StartResult(CommandResult):
    """Something that was to be started. `joined`: it was there, and its request is the one used."""

    joined: bool


class MessageResult(CommandResult):
    """A message that was taken. `state_before`: the state of the port-in that it state_before."""

    state_before: str | None = None


class CommandError(Exception):
    """Ends a command with a sentence, all errors that were found, and what to do next."""

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
