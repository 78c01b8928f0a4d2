"""Changes many lines, a limited number at a time. Each is a line change of its own."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from activities.line_sets import LineSetActivities
from activities.number_use import NumberUseActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator import _ui_text
from telegent_orchestrator._validation import truncate
from telegent_orchestrator.line_change_sets import (
    LINE_CHANGE_SET_WORKFLOW,
    MAX_LINES,
    ChangedLineRow,
    LineChangeRow,
    LineChangeSetRequest,
    LineChangeSetResult,
    line_change_set_id,
)
from telegent_orchestrator.line_changes import LineChangeRequest
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.progress import StepState
from workflows.line_changes.workflow import LineChangeWorkflow
from workflows.support.activity_calls import BULK_PRIORITY, execute_internal, execute_read
from workflows.support.cancellation import run_all
from workflows.support.messages import require_own_id
from workflows.support.progress import CANCELLED, ProgressTracker

LINES, CHANGES = "Lines", "Changes"


@workflow.defn(name=LINE_CHANGE_SET_WORKFLOW)
class LineChangeSetWorkflow:
    """Changes every line of a set; a line that fails does not stop the others."""

    @workflow.init
    def __init__(self, request: LineChangeSetRequest) -> None:
        self._request = request
        self._progress = ProgressTracker([LINES, CHANGES])
        self._progress.header = self._header
        self._result = LineChangeSetResult(reference=request.reference)
        self._slots = asyncio.Semaphore(request.window)

    @workflow.run
    async def run(self, request: LineChangeSetRequest) -> LineChangeSetResult:
        """Finds the lines, then changes each; returns how each ended."""
        require_own_id(line_change_set_id(request.reference))
        async with self._progress.step(LINES):
            lines = request.lines or await self._lines_of()
            numbers = [line.phone_number for line in lines]
            ids = await execute_internal(
                NumberUseActivities.line_change_workflow_ids,
                "Derive the workflow ids of the line changes",
                numbers,
            )
            self._result.rows = [
                ChangedLineRow(phone_number=number, workflow_id=workflow_id)
                for number, workflow_id in zip(numbers, ids, strict=True)
            ]
        async with self._progress.step(CHANGES):
            pairs = zip(lines, self._result.rows, strict=True)
            await run_all(*(self._change(line, row) for line, row in pairs))
        failed = any(row.state is not StepState.DONE for row in self._result.rows)
        self._result.state = StepState.FAILED if failed else StepState.DONE
        self._progress.publish()
        return self._result

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> LineChangeSetResult:
        """Returns the state of each line."""
        return self._result

    async def _lines_of(self) -> list[LineChangeRow]:
        lines_of = self._request.lines_of
        assert lines_of is not None
        found = await execute_read(LineSetActivities.list_lines_of, "Find the lines", lines_of)
        unknown, members = found.of_unknown_account, set[str]()
        account_id = lines_of.account_id or ""
        await run_all(*(self._check_account(each, account_id, members) for each in unknown))
        numbers = found.phone_numbers + [
            number for owner in unknown if owner in members for number in unknown[owner]
        ]
        if not 1 <= len(numbers) <= MAX_LINES:
            raise ApplicationError(
                f"{len(numbers)} numbers of the inventory belong to this subscriber or account: "
                f"a set has 1 to {MAX_LINES}",
                type="NoSet",
                non_retryable=True,
            )
        return [LineChangeRow(phone_number=number) for number in numbers]

    async def _check_account(self, subscriber_id: str, account_id: str, members: set[str]) -> None:
        async with self._slots:
            if await execute_read(
                LineSetActivities.check_account,
                f"Read the account of {subscriber_id}",
                subscriber_id,
                account_id,
            ):
                members.add(subscriber_id)

    async def _change(self, line: LineChangeRow, row: ChangedLineRow) -> None:
        async with self._slots:
            row.state = StepState.RUNNING
            self._progress.publish()
            try:
                await self._run_change(line, row)
                row.state = StepState.DONE
            except WorkflowAlreadyStartedError:
                row.state, row.detail = StepState.FAILED, "another change of this line is open"
            except FailureError as error:
                row.state = StepState.FAILED
                row.detail = (
                    CANCELLED if is_cancelled_exception(error) else truncate(failure_message(error))
                )
                if workflow.cancellation_reason() is not None:
                    raise
            finally:
                self._progress.publish()

    async def _run_change(self, line: LineChangeRow, row: ChangedLineRow) -> None:
        request = self._request
        change = line.change or request.change
        assert change is not None, "the request requires it"
        await workflow.execute_child_workflow(
            LineChangeWorkflow.run,
            LineChangeRequest(
                phone_number=line.phone_number, change=change, by=request.by, reason=request.reason
            ),
            id=row.workflow_id,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            priority=BULK_PRIORITY,
            static_summary=f"Line change: {change.kind}",
            static_details=_ui_text.LINE_CHANGE_DETAILS,
        )

    def _header(self) -> list[str]:
        result = self._result
        counts = ", ".join(
            f"{count} {state.value}" for state in StepState if (count := result.count(state))
        )
        failed = [row for row in result.rows if row.state is StepState.FAILED][:20]
        return [
            f"**{len(result.rows)} lines**: {counts or 'not known yet'}",
            *(f"- {row.workflow_id}: {row.detail}" for row in failed),
        ]
