"""What a workflow must know that no vendor call tells: earlier runs, ids, house settings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.port_in.carrier_calendar import response_deadline
from activities.port_in.policy import PortInPolicy
from activities.port_in.validation import pin_expires_at, validate
from activities.settings import ActivitySettings
from activities.support.lookups import elapsed
from activities.support.outcomes import failure_message, pending, rejected
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client import OnboardingIncompleteError, Orchestrator
from telegent_orchestrator.lines import LineResult, PreviousLine, PreviousRuns
from telegent_orchestrator.names import port_in_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import PortInDetails, PortInResult

VISIBILITY_LAG = timedelta(seconds=10)
"""How long to wait for Temporal's list of workflows to show a run that started just now."""
RESPONSE_TIMEOUT = timedelta(days=1)
"""A correction and the inventory take minutes at the most, when all is well."""
CLEAN_CLOSE_STATUSES = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
)


class PortInValidation(WireModel):
    """What our own checks say of a port-in's data; `errors` keep it from being sent."""

    errors: list[str] = []
    invalid_fields: list[str] = []
    warnings: list[str] = []
    pin_expires_at: datetime | None = None


class OnboardingOutcome(WireModel):
    """How an onboarding ended; `fault` is empty when it ended well."""

    error: str = ""
    result: OnboardingResult | None = None


@dataclass(frozen=True)
class LocalActivities:
    """Questions that are answered without the vendor."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def validate_request(self, request: OnboardingRequest) -> list[str]:
        """What this worker cannot do of a well-formed request; empty when it can do all."""
        if self.settings.message_level_field:
            return []
        return [
            f"lines.{at}.message_filter.level: no document of the vendor names the field that "
            f"carries '{line.message_filter.level}'. Leave it out, or set "
            "TELEGENT_MESSAGE_LEVEL_FIELD on the worker once Telegent has told you its name"
            for at, line in enumerate(request.lines)
            if line.message_filter and line.message_filter.level
        ]

    @activity.defn
    async def find_previous_runs(self, workflow_id: str, run_id: str) -> PreviousRuns | None:
        """The earlier runs of this workflow id, which may have created things at the vendor.

        None when there were none. When Temporal's list cannot tell, there may have been one until
        now: a lookup costs calls, but assuming that nothing exists could create it twice.
        """
        unknown = PreviousRuns(ended_at=activity.info().scheduled_time, interrupted=True)
        try:
            runs = [
                run async for run in self.temporal.list_workflows(f"WorkflowId = '{workflow_id}'")
            ]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return unknown
        except RPCError:
            if elapsed() >= VISIBILITY_LAG:
                return unknown
            raise
        if run_id in [run.run_id for run in runs]:
            previous = [run for run in runs if run.run_id != run_id]
            if not previous:
                return None
            return PreviousRuns(
                started_at=min(run.start_time for run in previous),
                ended_at=max(run.close_time or unknown.ended_at for run in previous),
                interrupted=any(run.status not in CLEAN_CLOSE_STATUSES for run in previous),
            )
        if elapsed() >= VISIBILITY_LAG:
            return unknown
        raise pending(
            "Temporal's list of workflows does not show this run yet", timedelta(milliseconds=200)
        )

    @activity.defn
    async def order_webhook_configured(self) -> bool:
        """Whether the vendor is to report order updates to our webhook."""
        return self.settings.order_webhook is not None

    @activity.defn
    async def load_port_in_policy(self) -> PortInPolicy:
        """The house rules that hold for a port-in from its start to its end."""
        policy = self.settings.port_in_policy
        return policy.model_copy(
            update={
                "poll_schedule": self.settings.port_poll_schedule,
                "response_timeout": RESPONSE_TIMEOUT,
            }
        )

    @activity.defn
    async def validate_port_in_details(self, details: PortInDetails) -> PortInValidation:
        """What is missing, wrong or doubtful in a port-in's data, all at once."""
        report = validate(details, datetime.now(UTC))
        return PortInValidation(
            errors=[f"{name} is missing" for name in report.missing]
            + [f"{fault.field}: {fault.message}" for fault in report.errors],
            invalid_fields=[
                *report.missing,
                *(fault.field.split(".")[0] for fault in report.errors),
            ],
            warnings=report.warnings,
            pin_expires_at=pin_expires_at(details.losing_carrier, details.pin_obtained_at),
        )

    @activity.defn
    async def carrier_response_deadline(
        self, phone_number: str, wireless: bool, sent_at: datetime
    ) -> datetime:
        """When the losing carrier's silence since then becomes worth a person's look."""
        return response_deadline(phone_number, sent_at, wireless=wireless)

    @activity.defn
    async def port_in_workflow_id(self, phone_number: str) -> str:
        """The id under which a number's port-in runs."""
        return port_in_id(phone_number, self.settings.id_key)

    @activity.defn
    async def await_port_in(self, workflow_id: str) -> PortInResult:
        """The result of a port-in that was already open, once it ends.

        Raises a benign `Pending` until then, so that Temporal asks again.
        """
        handle = self.temporal.get_workflow_handle(workflow_id, result_type=PortInResult)
        if (await handle.describe()).status == WorkflowExecutionStatus.RUNNING:
            raise pending(f"{workflow_id} is still open", self.settings.order_poll)
        try:
            result: PortInResult = await handle.result()
        except WorkflowFailureError as error:
            raise rejected(
                f"the port-in {workflow_id} ended without a result: {failure_message(error.cause)}"
            ) from None
        return result

    @activity.defn
    async def await_previous_line(self, workflow_id: str) -> PreviousLine | None:
        """Returns the latest earlier run of a line, once it has ended; None when there is none.

        Raises a benign `Pending` while it is open, so that Temporal asks again.
        """
        handle = self.temporal.get_workflow_handle(workflow_id, result_type=LineResult)
        try:
            run = await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        if run.close_time is None:
            raise pending(f"{workflow_id} is still open", self.settings.order_poll)
        return PreviousLine(
            runs=PreviousRuns(
                started_at=run.start_time,
                ended_at=run.close_time,
                interrupted=run.status not in CLEAN_CLOSE_STATUSES,
            ),
            phone_number=await _recorded_number(handle),
        )

    @activity.defn
    async def await_onboarding(self, reference: str) -> OnboardingOutcome:
        """How an onboarding that was already there ended, once it has.

        Raises a benign `Pending` until then, so that Temporal asks again.
        """
        handle = Orchestrator(self.temporal).onboarding(reference)
        if (await handle.execution()).ended_at is None:
            raise pending(f"{handle.id} is still open", self.settings.order_poll)
        try:
            return OnboardingOutcome(result=await handle.result())
        except OnboardingIncompleteError as error:
            return OnboardingOutcome(error=str(error), result=error.result)
        except WorkflowFailureError as error:
            return OnboardingOutcome(error=failure_message(error.cause))


async def _recorded_number(line: WorkflowHandle[Any, LineResult]) -> str | None:
    """Returns the number of a line that has ended; None when it has none, or released it."""
    try:
        return (await line.result()).phone_number
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
            return LineResult.model_validate(cause.details[0]).phone_number
        return None
