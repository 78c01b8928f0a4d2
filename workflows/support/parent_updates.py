"""How a child workflow reports its state to its parent."""

import asyncio
from collections.abc import Sequence

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.progress import StepState
from workflows.support.messages import parse_message

CHILD_UPDATED_SIGNAL = "child_updated"


class ChildUpdate(WireModel):
    """The state of a child.

    `phone_number`: its number, once that is live. `compensated`: it was cancelled, and retains
    nothing at Telegent.
    """

    key: str
    state: StepState
    detail: str
    phone_number: str | None = None
    compensated: bool = False


def parse_child_update(sent: Sequence[JsonValue]) -> ChildUpdate | None:
    """Returns the update in the arguments of a signal; None for anything else."""
    try:
        return parse_message(ChildUpdate, sent)
    except ApplicationError:
        return None


class ParentNotifier:
    """Sends updates to the parent, one after the other.

    Of signals that one workflow task sends together, Temporal may deliver the later one first.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def notify(self, update: ChildUpdate) -> None:
        """Signals the parent, if there is one and it has not ended."""
        parent = workflow.info().parent
        if parent is None:
            return
        handle = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        async with self._lock:
            try:
                await handle.signal(CHILD_UPDATED_SIGNAL, update)
            except FailureError as error:
                # A port-in outlives a cancelled onboarding: then there is no parent.
                if is_cancelled_exception(error):
                    raise
                if not isinstance(error, ApplicationError):
                    raise
