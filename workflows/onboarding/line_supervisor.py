"""The lines of an onboarding: which run in parallel, and what exists for each at its end."""

from collections import Counter
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
)

from activities.internal_activities import InternalActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator import _ui_text
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.lines import (
    Lags,
    LineInput,
    LineRequest,
    LineResult,
    NewNumber,
    PreviousLine,
    PreviousRuns,
)
from telegent_orchestrator.names import ACCOUNT_KEY, STEP_KEY, line_id
from telegent_orchestrator.onboarding import NewSubscriber, OnboardingRequest, OnboardingResult
from telegent_orchestrator.progress import AWAITS_EARLIER_RUN, LineSummary, StepState
from workflows.onboarding.line_workflow import LineWorkflow, first_step
from workflows.onboarding.shared_data_limits import SharedDataLimits
from workflows.support.activity_calls import AWAIT_WORKFLOW_OPTIONS, prepare_call
from workflows.support.awaited_workflow import await_end
from workflows.support.cancellation import raise_if_cancelled, run_all
from workflows.support.markdown import link, state_label, table
from workflows.support.messages import ChildUpdate
from workflows.support.progress import ProgressTracker

LINES_STEP = "Lines"
MAX_LISTED_LINES = 50
"""Lines in the current details, the most urgent first. The query `status` has all of them."""
LISTING_ORDER = (
    StepState.NEEDS_OPERATOR,
    StepState.FAILED,
    StepState.RUNNING,
    StepState.WAITING,
    StepState.DONE,
    StepState.SKIPPED,
)


class LineSupervisor:
    """Runs each line of a request as a child workflow, and adds its result to `result`."""

    def __init__(
        self,
        progress: ProgressTracker,
        request: OnboardingRequest,
        result: OnboardingResult,
        shared: SharedDataLimits,
    ) -> None:
        self._progress = progress
        self._request = request
        self._result = result
        self._shared = shared
        self._previous_runs: PreviousRuns | None = None
        self._created_subscribers: set[str] = set()
        self._event_receivers: list[str] | None = None
        self._lags = Lags()
        self._holding_numbers: set[str] = set()
        self._summaries = {
            line.key: LineSummary(key=line.key, workflow_id=line_id(request.reference, line.key))
            for line in request.lines
        }

    @property
    def summaries(self) -> list[LineSummary]:
        """The state of each line, in the order of the request."""
        return list(self._summaries.values())

    @property
    def holding_numbers(self) -> list[str]:
        """Keys of the lines that have, or may get, a number: they need routes and relations."""
        return sorted(self._holding_numbers)

    def on_line_update(self, update: ChildUpdate) -> None:
        """Applies what a line reports."""
        summary = self._summaries.get(update.key)
        if summary is None:
            return
        if update.phone_number:
            self._shared.on_number_assigned(update.key, update.phone_number)
        if update.compensated:
            self._holding_numbers.discard(update.key)
        if not summary.state.finished:
            self._publish(update.key, update.state, update.detail)

    async def run(
        self,
        *,
        previous_runs: PreviousRuns | None,
        created_subscribers: set[str],
        event_receivers: list[str] | None,
        lags: Lags,
    ) -> None:
        """Runs all lines in parallel, except the new numbers of one subscriber.

        Those are bought one after the other. Only then is a purchase whose response was lost the
        subscriber's one number in the inventory that belongs to no other line.
        """
        self._previous_runs, self._created_subscribers = previous_runs, created_subscribers
        self._event_receivers, self._lags = event_receivers, lags
        self._progress.header = self._render_header
        sequences: dict[str, list[LineRequest]] = {}
        for line in self._request.lines:
            new = isinstance(line.number, NewNumber)
            sequences.setdefault(line.subscriber if new else f"port-in {line.key}", []).append(line)
        async with self._progress.step(LINES_STEP):
            await run_all(*(self._run_in_sequence(lines) for lines in sequences.values()))

    async def _run_in_sequence(self, lines: list[LineRequest]) -> None:
        for line in lines[1:]:
            reason = f"waits for line {lines[0].key}: one number of a subscriber at a time"
            self._publish(line.key, StepState.WAITING, reason)
        for line in lines:
            result = await self._run_line(line)
            self._result.lines.append(result)
            self._shared.on_line_closed(line.key)
            self._publish(line.key, result.state, result.detail or result.phone_number or "")

    async def _run_line(self, line: LineRequest) -> LineResult:
        line_input = self._line_input(line)
        if isinstance(line_input, str):
            return _failed(line, line_input)
        previous = await self._await_previous(line) if self._previous_runs else None
        while True:
            self._holding_numbers.add(line.key)
            if previous:
                line_input.previous_runs = previous.runs.including(self._previous_runs)
                line_input.recorded_number = previous.phone_number
            self._publish(line.key, StepState.RUNNING, "")
            try:
                return await workflow.execute_child_workflow(
                    LineWorkflow.run,
                    line_input,
                    id=self._summaries[line.key].workflow_id,
                    parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                    # Set at the start, they cost nothing.
                    search_attributes=TypedSearchAttributes(
                        [
                            SearchAttributePair(ACCOUNT_KEY, line_input.account_id),
                            SearchAttributePair(STEP_KEY, first_step(line)),
                        ]
                    ),
                    static_summary=f"Line {line.key}",
                    static_details=_ui_text.LINE_DETAILS,
                )
            except WorkflowAlreadyStartedError:
                previous = await self._await_previous(line)
            except ChildWorkflowError as error:
                raise_if_cancelled()
                return _result_from_failure(line, error)

    def _line_input(self, line: LineRequest) -> LineInput | str:
        """Returns what the line starts from, or why it cannot start."""
        ids = self._result
        subscriber_id = ids.subscriber_ids.get(line.subscriber)
        package_id = ids.package_ids.get(line.package)
        missing = [
            name
            for name, value in (
                (f"subscriber {line.subscriber}", subscriber_id),
                (f"package {line.package}", package_id),
                ("message route", ids.message_route_id),
                ("voice route", ids.voice_route_id or not line.product_type.voice),
            )
            if not value
        ]
        if subscriber_id is None or package_id is None or missing:
            return f"not started: there is no {' and no '.join(missing)}"
        return LineInput(
            reference=ids.reference,
            line=self._shared.strip_shared(line),
            account_id=ids.account_id,
            subscriber_id=subscriber_id,
            package_id=package_id,
            message_route_id=ids.message_route_id,
            voice_route_id=ids.voice_route_id,
            previous_runs=self._previous_runs,
            other_lines_numbers=self._other_lines_numbers(line),
            sole_new_number=is_sole_new_number(self._request, line),
            subscriber_created=line.subscriber in self._created_subscribers,
            shares_settings=self._shared.includes(line),
            event_receivers=self._event_receivers,
            lags=self._lags,
        )

    async def _await_previous(self, line: LineRequest) -> PreviousLine | None:
        """Waits until an earlier run of this line has ended.

        It may still be open: the end of the onboarding that started it only requested its cancel.
        """
        workflow_id = self._summaries[line.key].workflow_id

        async def show(since: str) -> None:
            self._show_earlier_run(line.key, since)

        with self._progress.waiting(LINES_STEP, line.key, AWAITS_EARLIER_RUN):
            await await_end(workflow_id, f"the earlier run of line {line.key}", show)
        find = prepare_call(
            AWAIT_WORKFLOW_OPTIONS,
            InternalActivities.await_previous_line,
            f"Read the earlier run of line {line.key}",
            workflow_id,
        )
        return await find()

    def _show_earlier_run(self, key: str, needs_operator_since: str) -> None:
        """Shows that a line waits for its earlier run, which reports to no onboarding."""
        detail, state, since = AWAITS_EARLIER_RUN, StepState.WAITING, None
        if needs_operator_since:
            since = datetime.fromisoformat(needs_operator_since)
            state = StepState.NEEDS_OPERATOR
            detail += (
                f", which has needed an operator since {since:%Y-%m-%d %H:%M} UTC; "
                f"`tgo status {self._request.reference}` shows why and what to do"
            )
        self._progress.wait(LINES_STEP, key, f"line {key}: {detail}", operator_since=since)
        self._publish(key, state, detail)

    def _other_lines_numbers(self, line: LineRequest) -> list[str]:
        """The subscriber's numbers that are known to belong to other lines."""
        others = {
            other.key: other
            for other in self._request.lines
            if other.subscriber == line.subscriber and other.key != line.key
        }
        ported = [
            other.number.phone_number
            for other in others.values()
            if not isinstance(other.number, NewNumber)
        ]
        bought = [
            done.phone_number
            for done in self._result.lines
            if done.key in others and done.phone_number
        ]
        return ported + bought

    def _publish(self, key: str, state: StepState, detail: str) -> None:
        summary = self._summaries[key]
        summary.state, summary.detail = state, truncate(detail)
        self._progress.publish()

    def _render_header(self) -> list[str]:
        counts = Counter(summary.state for summary in self.summaries)
        listed = sorted(self.summaries, key=lambda each: LISTING_ORDER.index(each.state))
        more = len(listed) - MAX_LISTED_LINES
        listed = listed[:MAX_LISTED_LINES]
        reference = escape_markdown(self._request.reference)
        done = f"{counts[StepState.DONE]} of {len(self._summaries)} lines done"
        lines = [f"Onboarding **{reference}**: {done}"]
        for summary in listed:
            if summary.state is StepState.NEEDS_OPERATOR:
                target = link(f"open line {summary.key}", summary.workflow_id)
                lines += ["", f"✋ **{summary.key}** needs an operator: {target}"]
        rows = [(each.key, state_label(each.state), each.detail) for each in listed]
        lines += ["", *table(("line", "state", "detail"), rows)]
        return [*lines, "", f"and {more} more lines: see the query `status`"] if more > 0 else lines


def is_sole_new_number(request: OnboardingRequest, line: LineRequest) -> bool:
    """Whether the line's subscriber is new, and gets no other new number."""
    subscriber = next(
        candidate for candidate in request.subscribers if candidate.key == line.subscriber
    )
    bought = [
        other
        for other in request.lines
        if other.subscriber == line.subscriber and isinstance(other.number, NewNumber)
    ]
    return isinstance(subscriber, NewSubscriber) and len(bought) == 1


def _failed(line: LineRequest, reason: str) -> LineResult:
    return LineResult(key=line.key, state=StepState.FAILED, detail=truncate(reason))


def _result_from_failure(line: LineRequest, error: ChildWorkflowError) -> LineResult:
    """Returns what a failed line left behind: its failure carries it."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "LineFailed" and cause.details:
        return LineResult.model_validate(cause.details[0])
    return _failed(line, failure_message(error))
