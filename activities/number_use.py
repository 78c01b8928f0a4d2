"""What else is open for a number: line change, port-in and port-out exclude each other."""

from dataclasses import dataclass

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import ActivitySettings
from activities.support.outcomes import require_own_id
from telegent_orchestrator.client.executions import describe
from telegent_orchestrator.line_changes import LINE_CHANGE_WORKFLOW, line_change_id
from telegent_orchestrator.names import PORT_IN_WORKFLOW, port_in_id
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW, port_out_id


@dataclass(frozen=True)
class NumberUseActivities:
    """Activities that ask Temporal for the workflows of a number."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def find_open_workflows_of_number(self, phone_number: str) -> list[str]:
        """Returns a sentence for each other workflow that is open for a number.

        Each of them asks this after it has started, so that the later of two sees the other.

        Raises:
            ApplicationError: `Rejected` when the id of the workflow is not that of its number: then
                others would not find it.
        """
        ids = self._workflows_of(phone_number)
        _, own = ids.pop(activity.info().workflow_type or "")
        require_own_id(own)
        found = []
        for what, workflow_id in ids.values():
            if await self._is_open(workflow_id):
                found.append(f"{what} of this number is open: {workflow_id}")
        return found

    @activity.defn
    async def find_open_workflows_of_numbers(self, phone_numbers: list[str]) -> list[str]:
        """Returns a sentence for each workflow that is open for one of these numbers."""
        found = []
        for number in phone_numbers:
            for what, workflow_id in self._workflows_of(number).values():
                if await self._is_open(workflow_id):
                    found.append(f"{what} of {number} is open: {workflow_id}")
        return found

    def _workflows_of(self, phone_number: str) -> dict[str, tuple[str, str]]:
        """What there may be for a number: workflow types, with their names and ids."""
        key = self.settings.id_key
        return {
            LINE_CHANGE_WORKFLOW: ("a line change", line_change_id(phone_number, key)),
            PORT_IN_WORKFLOW: ("a port-in", port_in_id(phone_number, key)),
            PORT_OUT_WORKFLOW: ("a port-out", port_out_id(phone_number, key)),
        }

    @activity.defn
    async def line_change_workflow_ids(self, phone_numbers: list[str]) -> list[str]:
        """Returns, in order, the workflow ids of the numbers' line changes."""
        return [line_change_id(each, self.settings.id_key) for each in phone_numbers]

    async def _is_open(self, workflow_id: str) -> bool:
        try:
            # `describe` of temporalio 1.35 fails on a paused workflow, which is open.
            run = await describe(self.temporal, workflow_id)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return run.ended_at is None
