"""How an operator resolves an escalation: the update that onboardings and lines share."""

from pydantic import JsonValue
from temporalio import workflow

from telegent_orchestrator.names import RESOLVE_UPDATE
from telegent_orchestrator.progress import Resolution
from workflows.support.messages import parse_message
from workflows.support.progress import ProgressTracker


class ResolvesEscalations:
    """A workflow whose steps escalate. `__init__` of the workflow sets `_progress`."""

    _progress: ProgressTracker

    @workflow.update(name=RESOLVE_UPDATE, description="resolve a step that waits for an operator")
    async def resolve(self, *sent: JsonValue) -> None:
        """Records an operator's `Resolution` of an open escalation."""
        self._progress.record_resolution(parse_message(Resolution, sent))

    @resolve.validator
    def validate_resolution(self, *sent: JsonValue) -> None:
        """Raises ApplicationError when the resolution fits no open escalation."""
        self._progress.validate_resolution(parse_message(Resolution, sent))
