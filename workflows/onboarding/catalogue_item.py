"""One creator at a time for a product, package or webhook, because onboardings share them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.internal_activities import VALUES_MEMO, InternalActivities
from activities.onboarding.catalogue import creation_id
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import WireModel
from workflows.support.activity_calls import execute_wait
from workflows.support.cancellation import cancel_and_wait
from workflows.support.progress import RunningStep

CREATED_SIGNAL = "created"
RECENT = timedelta(minutes=5)
"""How long an id that another onboarding reports is used although no list shows it: far longer than
lists lag. After that, the item counts as deleted."""


class CatalogueItem(WireModel):
    """A product by SKU, a package by name, or the webhook of an account.

    `values`: what onboardings that share it must agree on.
    """

    kind: str
    key: str
    values: str = ""


@workflow.defn(name="CatalogueItemWorkflow")
class CatalogueItemWorkflow:
    """Is open while an onboarding creates an item, and ends with the item's id.

    Two with the same id cannot be open, so no other onboarding creates the item meanwhile.
    """

    def __init__(self) -> None:
        self._resource_id = ""

    @workflow.run
    async def run(self, item: CatalogueItem) -> str:
        """Waits for the onboarding that creates the item."""
        await workflow.wait_condition(lambda: bool(self._resource_id))
        return self._resource_id

    @workflow.signal(name=CREATED_SIGNAL, description="sent by an onboarding, not by operators")
    def created(self, *sent: JsonValue) -> None:
        """Takes the id of the item; anything else is ignored."""
        match sent:
            case [str(resource_id)]:
                self._resource_id = resource_id


async def create_alone(
    item: CatalogueItem,
    scope: str,
    create: Callable[[datetime | None], Awaitable[str]],
    *,
    listed: bool,
) -> str:
    """Creates an item while no other onboarding does, or returns what another one has created.

    Args:
        item: The item.
        scope: The same for all onboardings that share the item.
        create: Creates it. Its argument is the latest time at which another onboarding may have
            created it that failed or that has other values, or None. Not called when another
            onboarding has created the item.
        listed: Lists show the item, and an operator must decide about it.
    """
    turn = await _wait_for_turn(item, creation_id(item.kind, item.key, scope), listed=listed)
    if turn.resource_id is not None:
        return turn.resource_id
    assert turn.handle is not None
    try:
        resource_id = await create(turn.created_before)
    except (asyncio.CancelledError, FailureError):
        # The next onboarding may try.
        await cancel_and_wait(turn.handle)
        raise
    try:
        await turn.handle.signal(CREATED_SIGNAL, resource_id)
        await turn.handle
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        # If this workflow was reset, the other one has ended already.
    return resource_id


@dataclass(frozen=True)
class _Turn:
    """The turn to create an item (`handle`), or the id of the item that another one has created.

    `created_before`: the latest time at which another onboarding may have created it that failed or
    has other values.
    """

    handle: workflow.ChildWorkflowHandle[Any, Any] | None = None
    resource_id: str | None = None
    created_before: datetime | None = None


async def _wait_for_turn(item: CatalogueItem, workflow_id: str, *, listed: bool) -> _Turn:
    """Returns once no other onboarding creates the item."""
    step, reuse = RunningStep.current(), WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    created_before: datetime | None = None
    while True:
        try:
            handle = await workflow.start_child_workflow(
                CatalogueItemWorkflow.run,
                item,
                id=workflow_id,
                id_reuse_policy=reuse,
                parent_close_policy=workflow.ParentClosePolicy.TERMINATE,
                static_summary=escape_markdown(f"Create {item.kind} {item.key}"),
                memo={VALUES_MEMO: item.values},
            )
        except WorkflowAlreadyStartedError:
            with step.waiting(f"waiting for the onboarding that creates {item.kind} {item.key}"):
                created = await execute_wait(
                    InternalActivities.await_catalogue_item,
                    f"Await {item.kind} {item.key}",
                    workflow_id,
                )
            recent = created is not None and created.ended_at > workflow.now() - RECENT
            same = created is not None and created.values == item.values
            if created and recent and same and not listed:
                return _Turn(resource_id=created.resource_id)
            if created:
                reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE
            if created is None or (recent and not same):
                created_before = workflow.now()
        else:
            return _Turn(handle=handle, created_before=created_before)
