"""How a child workflow tells its parent how far it is."""

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
    """A child's news: which child, what state, in words, and its number once that is live.

    `compensated`: it was cancelled, and has left nothing at the vendor.
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
    """The workflow that has started this one. It is told one news after the other: of signals that
    one task sends together, Temporal may deliver the later one first."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def notify(self, update: ChildUpdate) -> None:
        """Signals it; a workflow without one, or whose parent has ended, tells nobody."""
        parent = workflow.info().parent
        if parent is None:
            return
        handle = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        async with self._lock:
            try:
                await handle.signal(CHILD_UPDATED_SIGNAL, update)
            except FailureError as error:
                # A port-in outlives a cancelled onboarding: then there is nobody left to tell.
                if is_cancelled_exception(error):
                    raise
                if not isinstance(error, ApplicationError):
                    raise
