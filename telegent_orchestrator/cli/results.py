"""How a command ends: exit status, and what is said when it could not do what was asked."""

from enum import IntEnum

from telegent_orchestrator._models import Payload


class Exit(IntEnum):
    """Exit status of every command."""

    DONE = 0
    """Done, or going on without anybody."""
    FAILED = 1
    """The onboarding or port-in did not end well, or a message was refused."""
    USAGE = 2
    """What was typed or read cannot be used: nothing was sent."""
    NEEDS_PERSON = 3
    """It waits for a person."""
    UNREACHABLE = 4
    """Temporal or a worker does not answer, or does not let us in, or the keys are wrong."""
    INTERRUPTED = 130
    """Ctrl-C; what was started goes on."""


class Advice(Payload):
    """What to do next: why, and the commands to type; `…` in one is to be filled in."""

    why: str
    commands: list[str] = []


class Done(Payload):
    """What `--json` prints of something that was taken."""

    workflow_id: str
    next: list[Advice] = []


class Started(Done):
    """Something that was to be started. `joined`: it was there, and its request is the one used."""

    joined: bool


class Taken(Done):
    """A message that was taken. `met`: the state of the port-in that it met."""

    met: str | None = None


class Stop(Exception):
    """Ends a command with a sentence, all faults that were found, and what to do next."""

    def __init__(
        self,
        sentence: str,
        status: Exit,
        *,
        faults: list[str] | None = None,
        next_steps: list[Advice] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.faults = faults or []
        self.next_steps = next_steps or []
