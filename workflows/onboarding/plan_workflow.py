"""Says what a start of an onboarding would do: reads what exists, and changes nothing."""

from datetime import timedelta

from temporalio import workflow

from activities.internal_activities import InternalActivities
from activities.plan import PlanActivities
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.plan import PLAN_WORKFLOW, OnboardingPlan, PlanStatus, plan_id
from workflows.onboarding.plan_reads import READ_TIMEOUT, PlanReader
from workflows.onboarding.planning import Knowledge, make_plan
from workflows.support.activity_calls import (
    AWAIT_WORKFLOW_OPTIONS,
    INTERACTIVE_PRIORITY,
    execute_internal,
    prepare_call,
)
from workflows.support.messages import require_own_id

TEMPORAL_OPTIONS = AWAIT_WORKFLOW_OPTIONS.copy()
TEMPORAL_OPTIONS["start_to_close_timeout"] = timedelta(minutes=5)
TEMPORAL_OPTIONS["schedule_to_close_timeout"] = READ_TIMEOUT
"""An onboarding with hundreds of lines takes hundreds of queries. Without what Temporal knows there
is no plan."""


@workflow.defn(name=PLAN_WORKFLOW)
class PlanWorkflow:
    """Reads with the lowest priority, and compares what exists with the request."""

    def __init__(self) -> None:
        self._reader: PlanReader | None = None

    @workflow.run
    async def run(self, request: OnboardingRequest) -> OnboardingPlan:
        """Asks Temporal first: of an onboarding that would be joined, Telegent is not asked."""
        require_own_id(plan_id(request.reference))
        validation = await execute_internal(
            InternalActivities.validate_request, "Validate request", request
        )
        known = await prepare_call(
            TEMPORAL_OPTIONS,
            PlanActivities.read_onboarding,
            "Find the onboarding with this reference",
            request,
        )()
        self._reader = PlanReader(request, known, order_webhook=validation.order_webhook)
        if not (known and known.joined):
            await self._reader.read()
        capacity = await prepare_call(
            TEMPORAL_OPTIONS,
            PlanActivities.read_request_capacity,
            "Read how soon requests can be sent",
            INTERACTIVE_PRIORITY.priority_key or 0,
        )()
        return make_plan(
            Knowledge(
                request=request,
                now=workflow.now(),
                known=known,
                rejections=validation.errors,
                order_webhook=validation.order_webhook,
                findings=self._reader.findings,
                capacity=capacity,
            )
        )

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PlanStatus:
        """Returns how far it is."""
        return PlanStatus(responses=self._reader.responses if self._reader else 0)
