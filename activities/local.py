"""What a workflow must know that no vendor call tells: earlier runs, ids, house settings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from activities.port_in.carrier_calendar import silent_at
from activities.port_in.policy import PortRules
from activities.port_in.validation import check, pin_expires_at
from activities.settings import ActivitySettings
from activities.support.lookups import waited
from activities.support.outcomes import Outcome, words_of
from telegent_orchestrator._models import Payload
from telegent_orchestrator.client import OnboardingIncompleteError, Orchestrator
from telegent_orchestrator.lines import EarlierRuns
from telegent_orchestrator.names import port_in_id
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from telegent_orchestrator.port_in import PortInDetails, PortInResult

VISIBILITY_LAG = timedelta(seconds=10)
"""How long to wait for Temporal's list of workflows to show a run that started just now."""
ANSWER_BY = timedelta(days=1)
"""A correction and the inventory take minutes at the most, when all is well."""
ENDED_BY_ITSELF = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
)


class PortCheck(Payload):
    """What our own checks say of a port-in's data; `problems` keep it from being sent."""

    problems: list[str] = []
    fields: list[str] = []
    warnings: list[str] = []
    pin_expires: datetime | None = None


class OnboardingEnd(Payload):
    """How an onboarding ended; `fault` is empty when it ended well."""

    fault: str = ""
    result: OnboardingResult | None = None


@dataclass(frozen=True)
class HouseActivities:
    """Questions that are answered without the vendor."""

    settings: ActivitySettings
    temporal: Client

    @activity.defn
    async def refusals(self, request: OnboardingRequest) -> list[str]:
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

    @activity.defn(name="ran_before")
    async def earlier_runs(self, workflow_id: str, run_id: str) -> EarlierRuns | bool:
        """The earlier runs of this workflow id, which may have created things at the vendor.

        False when there were none; True is what release 0.1.0 said of any. When Temporal's list
        cannot tell, there may have been one until now: looking costs calls, but assuming that
        nothing is there could create it twice.
        """
        unknown = EarlierRuns(ended=activity.info().scheduled_time, cut_off=True)
        try:
            runs = [
                run async for run in self.temporal.list_workflows(f"WorkflowId = '{workflow_id}'")
            ]
        except ValueError:
            # temporalio 1.35 cannot read the status of a paused workflow.
            return unknown
        except RPCError:
            if waited() >= VISIBILITY_LAG:
                return unknown
            raise
        if run_id in [run.run_id for run in runs]:
            earlier = [run for run in runs if run.run_id != run_id]
            if not earlier:
                return False
            return EarlierRuns(
                begun=min(run.start_time for run in earlier),
                ended=max(run.close_time or unknown.ended for run in earlier),
                cut_off=any(run.status not in ENDED_BY_ITSELF for run in earlier),
            )
        if waited() >= VISIBILITY_LAG:
            return unknown
        raise ApplicationError(
            "Temporal's list of workflows does not show this run yet",
            type=Outcome.PENDING,
            next_retry_delay=timedelta(milliseconds=200),
            category=ApplicationErrorCategory.BENIGN,
        )

    @activity.defn
    async def order_events_wanted(self) -> bool:
        """Whether the vendor is to report order updates to our webhook."""
        return self.settings.order_updates is not None

    @activity.defn
    async def port_rules(self) -> PortRules:
        """The house rules that hold for a port-in from its start to its end."""
        rules = self.settings.port_rules
        return rules.model_copy(update={"pace": self.settings.port_pace, "answer_by": ANSWER_BY})

    @activity.defn
    async def check_port(self, details: PortInDetails) -> PortCheck:
        """What is missing, wrong or doubtful in a port-in's data, all at once."""
        found = check(details, datetime.now(UTC))
        return PortCheck(
            problems=[f"{name} is missing" for name in found.missing]
            + [f"{fault.field}: {fault.why}" for fault in found.faults],
            fields=[*found.missing, *(fault.field.split(".")[0] for fault in found.faults)],
            warnings=found.warnings,
            pin_expires=pin_expires_at(details.losing_carrier, details.pin_obtained_at),
        )

    @activity.defn
    async def carrier_silent_at(
        self, phone_number: str, wireless: bool, since: datetime
    ) -> datetime:
        """When the losing carrier's silence since then becomes worth a person's look."""
        return silent_at(phone_number, since, wireless=wireless)

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
            raise ApplicationError(
                f"{workflow_id} is still open",
                type=Outcome.PENDING,
                next_retry_delay=self.settings.order_poll,
                category=ApplicationErrorCategory.BENIGN,
            )
        try:
            result: PortInResult = await handle.result()
        except WorkflowFailureError as error:
            raise ApplicationError(
                f"the port-in {workflow_id} ended without a result: {words_of(error.cause)}",
                type=Outcome.REFUSED,
                non_retryable=True,
            ) from None
        return result

    @activity.defn
    async def await_onboarding(self, reference: str) -> OnboardingEnd:
        """How an onboarding that was already there ended, once it has.

        Raises a benign `Pending` until then, so that Temporal asks again.
        """
        handle = Orchestrator(self.temporal).onboarding(reference)
        if (await handle.execution()).ended_at is None:
            raise ApplicationError(
                f"{handle.id} is still open",
                type=Outcome.PENDING,
                next_retry_delay=self.settings.order_poll,
                category=ApplicationErrorCategory.BENIGN,
            )
        try:
            return OnboardingEnd(result=await handle.result())
        except OnboardingIncompleteError as error:
            return OnboardingEnd(fault=str(error), result=error.result)
        except WorkflowFailureError as error:
            return OnboardingEnd(fault=words_of(error.cause))
