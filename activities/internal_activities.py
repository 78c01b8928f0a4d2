"""What workflows need to know from our own side: previous runs, workflow ids, settings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError

from activities.port_in.earlier_runs import EarlierPortIn, find_earlier_port_in
from activities.port_in.policy import PortInPolicy
from activities.settings import ActivitySettings
from activities.support.outcomes import failure_message, pending, rejected
from activities.support.runs import (
    CLEAN_CLOSE_STATUSES,
    VISIBILITY_LAG,
    began_at,
    describe,
    recorded_number,
    terminate_orphan,
)
from activities.support.write_activity import elapsed
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client import (
    OnboardingIncompleteError,
    Orchestrator,
    RequestConflictError,
)
from telegent_orchestrator.client._calls import check_same_request
from telegent_orchestrator.key_record import id_key_fingerprint
from telegent_orchestrator.lines import Lags, LineResult, PreviousLine, PreviousRuns
from telegent_orchestrator.names import NEEDS_OPERATOR_KEY, port_in_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import PortInDetails, PortInResult
from telegent_orchestrator.port_in_validation import pin_expires_at, validate


class RequestValidation(WireModel):
    """What a worker does not support of a request, and what its settings add to it.

    Attributes:
        errors: What it cannot do.
        order_webhook: Telegent is to send order updates to our webhook.
        event_receivers: Ids of the receivers of events.
        id_key_fingerprint: Differs between orchestrators with different keys.
        lags: How long the vendor may not show what exists.
    """

    errors: list[str] = []
    order_webhook: bool = False
    event_receivers: list[str] = []
    id_key_fingerprint: str = ""
    lags: Lags = Lags()


class OnboardingPreparation(WireModel):
    """What an onboarding needs to know before it calls Telegent.

    `previous_runs`: None when there were none, or when the request has errors.
    """

    validation: RequestValidation
    previous_runs: PreviousRuns | None = None


class PortInValidation(WireModel):
    """What our own checks find in the data of a port-in. Data with `errors` is not submitted."""

    errors: list[str] = []
    invalid_fields: list[str] = []
    warnings: list[str] = []
    pin_expires_at: datetime | None = None


class PortInPreparation(WireModel):
    """What a port-in needs to know before it calls Telegent.

    Attributes:
        earlier: None if there was none.
        event_receivers: Ids of the receivers of its events.
    """

    policy: PortInPolicy
    validation: PortInValidation
    earlier: EarlierPortIn | None = None
    event_receivers: list[str] = []


class AwaitedWorkflow(WireModel):
    """A workflow that another one awaits.

    `needs_operator_since`: since when it needs an operator; empty if it does not.
    """

    ended: bool = False
    needs_operator_since: str = ""


VALUES_MEMO = "Values"
"""Memo of the workflow that is open while an item is created: what those that share it agree on."""


class CreatedItem(WireModel):
    """A product or package that an onboarding has created, with which values, and when."""

    resource_id: str
    values: str = ""
    ended_at: datetime


class OnboardingOutcome(WireModel):
    """How an onboarding ended. `error` is empty when it completed."""

    error: str = ""
    result: OnboardingResult | None = None


@dataclass(frozen=True)
class InternalActivities:
    """Activities that call Temporal, or only compute."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def prepare_onboarding(self, request: OnboardingRequest) -> OnboardingPreparation:
        """Checks a well-formed request, and finds earlier runs of its onboarding."""
        validation = await self.validate_request(request)
        previous = None if validation.errors else await self._find_previous_runs()
        return OnboardingPreparation(validation=validation, previous_runs=previous)

    @activity.defn
    async def validate_request(self, request: OnboardingRequest) -> RequestValidation:
        """Checks a well-formed request against this worker's settings."""
        return RequestValidation(
            errors=self._unsupported(request),
            order_webhook=self.settings.order_webhook is not None,
            event_receivers=list(self.settings.events.receivers),
            id_key_fingerprint=id_key_fingerprint(self.settings.id_key),
            lags=Lags(read=self.settings.read_lag, purchase=self.settings.purchase_lag),
        )

    def _unsupported(self, request: OnboardingRequest) -> list[str]:
        if self.settings.message_level_field:
            return []
        return [
            f"lines.{at}.message_filter.level: '{line.message_filter.level}' is not supported, "
            "because Telegent's API documentation does not define the field. Leave it out, or set "
            "TELEGENT_MESSAGE_LEVEL_FIELD on the worker when Telegent has given you its name"
            for at, line in enumerate(request.lines)
            if line.message_filter and line.message_filter.level
        ]

    async def _find_previous_runs(self) -> PreviousRuns | None:
        """Returns when earlier runs of the calling workflow may have created resources at Telegent.

        When Temporal's list cannot tell, it assumes that one ran until now: lookups cost calls, but
        without them a resource could be created twice.

        Returns:
            The time span of all earlier runs; None when there were none.
        """
        info = activity.info()
        workflow_id, run_id = info.workflow_id, info.workflow_run_id
        unknown = PreviousRuns(ended_at=info.scheduled_time, interrupted=True)
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
                started_at=min(map(began_at, previous)),
                ended_at=max(run.close_time or unknown.ended_at for run in previous),
                interrupted=any(run.status not in CLEAN_CLOSE_STATUSES for run in previous),
            )
        if elapsed() >= VISIBILITY_LAG:
            return unknown
        raise pending(
            "Temporal's list of workflows does not show this run yet", timedelta(milliseconds=200)
        )

    @activity.defn
    async def prepare_port_in(self, details: PortInDetails) -> PortInPreparation:
        """Returns what a port-in follows to its end, its latest earlier run, and its first check.

        Raises:
            ApplicationError: It is the first run, and its id is not that of the number's port-in.
        """
        policy = self.settings.port_in_policy.model_copy(
            update={
                "poll_schedule": self.settings.port_poll_schedule,
                "read_lag": self.settings.read_lag,
            }
        )
        return PortInPreparation(
            policy=policy,
            validation=await self.validate_port_in_details(details),
            earlier=await find_earlier_port_in(
                self.temporal, details.phone_number, self.settings.id_key
            ),
            event_receivers=list(self.settings.events.receivers),
        )

    @activity.defn
    async def validate_port_in_details(self, details: PortInDetails) -> PortInValidation:
        """Returns everything that is missing, wrong or doubtful in the data of a port-in."""
        now, policy = datetime.now(UTC), self.settings.port_in_policy
        report = validate(details, now, wireline_pin_required=self.settings.wireline_pin_required)
        requested = details.port_in_date
        if requested and requested > (now + policy.max_duration).date():
            report.warnings.append(
                f"port_in_date: is more than {policy.max_duration.days} days ahead; the port-in is "
                f"followed until {requested + policy.requested_date_margin}, and cancelled if the "
                "number has not arrived by then"
            )
        return PortInValidation(
            errors=report.messages,
            invalid_fields=report.invalid_fields,
            warnings=report.warnings,
            pin_expires_at=pin_expires_at(details.losing_carrier, details.pin_obtained_at),
        )

    @activity.defn
    async def port_in_workflow_id(self, phone_number: str) -> str:
        """Returns the workflow id of a number's port-in."""
        return port_in_id(phone_number, self.settings.id_key)

    @activity.defn
    async def await_end_or_operator(
        self, workflow_id: str, needs_operator_since: str
    ) -> AwaitedWorkflow:
        """Waits until a workflow ends, or the time since which it needs an operator changes.

        One that does not exist has ended.

        Args:
            workflow_id: The workflow.
            needs_operator_since: Since when it needs an operator, as far as is known; empty if it
                does not.

        Raises:
            ApplicationError: `Pending` while neither is so, so that Temporal retries.
        """
        run = await describe(self.temporal.get_workflow_handle(workflow_id))
        if run is None or run.close_time is not None:
            return AwaitedWorkflow(ended=True)
        since = run.typed_search_attributes.get(NEEDS_OPERATOR_KEY) or ""
        if since != needs_operator_since:
            return AwaitedWorkflow(needs_operator_since=since)
        raise pending(f"{workflow_id} is still open", self.settings.order_poll)

    @activity.defn
    async def await_port_in(self, workflow_id: str) -> PortInResult:
        """Returns the result of a port-in that was open already.

        Raises:
            ApplicationError: `Pending` while it is open, so that Temporal retries; `Rejected` when
                it ended without a result.
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
        """Returns the latest earlier run of a line; None when there is none.

        Raises:
            ApplicationError: `Pending` while it is open, so that Temporal retries.
        """
        handle = self.temporal.get_workflow_handle(workflow_id, result_type=LineResult)
        run = await describe(handle)
        if run is None:
            return None
        if run.close_time is None:
            raise pending(f"{workflow_id} is still open", self.settings.order_poll)
        return PreviousLine(
            runs=PreviousRuns(
                started_at=run.start_time,
                ended_at=run.close_time,
                interrupted=run.status not in CLEAN_CLOSE_STATUSES,
            ),
            phone_number=await recorded_number(handle),
        )

    @activity.defn
    async def await_catalogue_item(self, workflow_id: str) -> CreatedItem | None:
        """Returns what another onboarding has created; None when it has failed.

        One that was reset, and does not create the item any more, has failed.

        Raises:
            ApplicationError: `Pending` while it is at work, so that Temporal retries.
        """
        handle = self.temporal.get_workflow_handle(workflow_id, result_type=str)
        run = await handle.describe()
        if run.close_time is None:
            if await terminate_orphan(self.temporal, run):
                return None
            raise pending(f"{workflow_id} is still open", self.settings.order_poll)
        if run.status is not WorkflowExecutionStatus.COMPLETED:
            return None
        values = await run.memo_value(VALUES_MEMO, "")
        return CreatedItem(
            resource_id=await handle.result(), values=str(values), ended_at=run.close_time
        )

    @activity.defn
    async def await_onboarding(self, request: OnboardingRequest) -> OnboardingOutcome:
        """Returns how an onboarding ended that existed already.

        Raises:
            ApplicationError: `Pending` while it is open, so that Temporal retries; `Rejected` when
                it was started with another request.
        """
        handle = Orchestrator(self.temporal).onboarding(request.reference)
        try:
            await check_same_request(self.temporal, handle.id, request, self.settings.id_key)
        except RequestConflictError as error:
            raise rejected(str(error)) from None
        if (await handle.execution()).ended_at is None:
            raise pending(f"{handle.id} is still open", self.settings.order_poll)
        try:
            return OnboardingOutcome(result=await handle.result())
        except OnboardingIncompleteError as error:
            return OnboardingOutcome(error=str(error), result=error.result)
        except WorkflowFailureError as error:
            return OnboardingOutcome(error=failure_message(error.cause))
