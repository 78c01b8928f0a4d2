"""An operator who resets and terminates workflows at random."""

import asyncio
import random
from collections import Counter
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from telegent_orchestrator.names import LINE_WORKFLOW, ONBOARDING_WORKFLOW, PORT_IN_WORKFLOW

PAUSE = (4.0, 15.0)
"""Seconds between two deeds."""
DEEDS = {"reset": 2, "terminate": 1}
"""What happens to a workflow, by weight."""
VICTIMS = (ONBOARDING_WORKFLOW, LINE_WORKFLOW, PORT_IN_WORKFLOW)


class RandomOperator:
    """Resets and terminates open workflows.

    Attributes:
        deeds: How often, by what and by type of workflow.
    """

    def __init__(self, temporal: Client, seed: int) -> None:
        self.deeds: Counter[str] = Counter()
        self._temporal = temporal
        self._rng = random.Random(f"{seed} operator")  # noqa: S311 - the same seed, the same deeds

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(self._rng.uniform(*PAUSE))
            (deed,) = self._rng.choices(list(DEEDS), list(DEEDS.values()))
            kind = self._rng.choice(VICTIMS)
            query = f"WorkflowType = '{kind}' AND ExecutionStatus = 'Running'"
            found = [each async for each in self._temporal.list_workflows(query)]
            if not found:
                continue
            victim = self._rng.choice(sorted(found, key=lambda each: each.id))
            try:
                await (self._reset(victim) if deed == "reset" else self._terminate(victim))
            except RPCError:
                # It has ended since it was listed, or its history has no such place.
                deed = f"{deed} (refused)"
            self.deeds[f"{deed} {kind}"] += 1

    async def _terminate(self, victim: WorkflowExecution) -> None:
        handle = self._temporal.get_workflow_handle(victim.id, run_id=victim.run_id)
        await handle.terminate(reason="at random")

    async def _reset(self, victim: WorkflowExecution) -> None:
        """Reset to any completed task."""
        handle = self._temporal.get_workflow_handle(victim.id, run_id=victim.run_id)
        places = [
            event.event_id
            async for event in handle.fetch_history_events()
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
        ]
        if not places:
            return
        await self._temporal.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self._temporal.namespace,
                workflow_execution=ExecutionId(workflow_id=victim.id, run_id=victim.run_id),
                reason="at random",
                workflow_task_finish_event_id=self._rng.choice(places),
                request_id=str(uuid4()),
            )
        )
