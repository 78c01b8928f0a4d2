"""What our workflows know, put together from their arguments and results."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.client import Client
from temporalio.converter import decode_typed_search_attributes

import telegent
from activities.known.histories import Histories
from activities.known.lines import Known, KnownLine, KnownPortIn
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.line_changes import (
    LINE_CHANGE_WORKFLOW,
    LineChangeRequest,
    LineChangeResult,
)
from telegent_orchestrator.lines import LineInput, LineRequest, LineResult, PortInNumber
from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    PORT_IN_WORKFLOW,
    PORT_STATE_KEY,
    onboarding_id,
)
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    PortOutRequest,
    PortOutResult,
    PortOutState,
)
from telegent_orchestrator.progress import StepState

RUNNING = (
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED,
)
LEFT_STATES = (PortOutState.PORTED_OUT, PortOutState.COMPLETED)

Given = TypeVar("Given", bound=WireModel)
Returned = TypeVar("Returned", bound=WireModel)


async def read_known(temporal: Client, since: datetime) -> Known:
    """Returns what our workflows know.

    Args:
        temporal: The namespace of the workflows.
        since: What a workflow has changed since then is busy.
    """
    histories = Histories(temporal)
    known = Known()
    if retention := await histories.retention():
        known.since = (datetime.now(UTC) - retention).date()
    await read_known_from(histories, known, since)
    return known


async def read_known_from(histories: Histories, known: Known, since: datetime) -> None:
    """Completes `known` by what these workflows were given and have returned."""
    records = _Records(histories, known, since)
    await records.read_port_ins()
    await records.read_lines()
    await records.read_line_changes()
    await records.read_port_outs()
    records.apply()
    known.unreadable = histories.unreadable


class _Records:
    """What was read, as facts that are applied in the order in which they came about.

    A number that has left may come back.
    """

    def __init__(self, histories: Histories, known: Known, since: datetime) -> None:
        self._histories, self._known, self._since = histories, known, since
        self._facts: list[tuple[datetime, Callable[[], None]]] = []

    def apply(self) -> None:
        for _, fact in sorted(self._facts, key=lambda each: each[0]):
            fact()

    async def read_port_ins(self) -> None:
        for info in await self._histories.list(PORT_IN_WORKFLOW):
            summary = await self._histories.summary(info)
            if summary and summary.phone_number:
                self._note(info, partial(self._apply_port_in, info, summary.phone_number))

    def _apply_port_in(self, info: WorkflowExecutionInfo, number: str) -> None:
        workflow_id = info.execution.workflow_id
        state = decode_typed_search_attributes(info.search_attributes).get(PORT_STATE_KEY)
        state = state or PortState.CHECKING_ELIGIBILITY
        self._known.port_ins[number] = KnownPortIn(workflow_id, state, _is_open(info))
        if state == PortState.COMPLETED:
            self._known.lines[number] = KnownLine(number, workflow_id)

    async def read_lines(self) -> None:
        runs = await self._read_all(LINE_WORKFLOW, LineInput, LineResult)
        requests = await self._requests_of(given for _, given, _ in runs if given)
        for info, given, result in runs:
            if given is None:
                continue
            label = f"{given.reference}:{given.line.key}"
            if self._is_busy(info):
                self._known.busy_subscribers.add(telegent.id_key(given.subscriber_id))
                if isinstance(given.line.number, PortInNumber):
                    self._known.busy_numbers.add(given.line.number.phone_number)
            line = None
            if result and result.phone_number:
                wanted = requests.get(label, given.line)
                line = _to_known(given, wanted, result, info.execution.workflow_id, label)
            self._note(info, partial(self._apply_line, given, line, label))

    def _apply_line(self, given: LineInput, line: KnownLine | None, label: str) -> None:
        owner = telegent.id_key(given.subscriber_id)
        if line is None:
            self._known.unfinished[owner] = label
        else:
            self._known.unfinished.pop(owner, None)
            self._known.lines[line.phone_number] = line

    async def _requests_of(self, lines: Iterable[LineInput]) -> dict[str, LineRequest]:
        """The lines that share settings, as requested: they were started without these."""
        references = {line.reference for line in lines if line.shares_settings}
        runs = [WorkflowExecution(workflow_id=onboarding_id(each)) for each in sorted(references)]
        requests = await asyncio.gather(
            *(self._histories.given(run, OnboardingRequest) for run in runs)
        )
        return {
            f"{request.reference}:{line.key}": line
            for request in requests
            if request
            for line in request.lines
        }

    async def read_line_changes(self) -> None:
        runs = await self._read_all(LINE_CHANGE_WORKFLOW, LineChangeRequest, LineChangeResult)
        for info, given, result in runs:
            numbers = [given.phone_number if given else "", *_numbers_of(result)]
            if self._is_busy(info):
                self._known.busy_numbers.update(filter(None, numbers))
            if result:
                self._note(info, partial(self._known.apply, result, info.execution.workflow_id))

    async def read_port_outs(self) -> None:
        runs = await self._read_all(PORT_OUT_WORKFLOW, PortOutRequest, PortOutResult)
        for info, given, result in runs:
            if given and self._is_busy(info):
                self._known.busy_numbers.add(given.phone_number)
            # One that has failed may name a number that does not exist.
            if result:
                self._note(info, partial(self._apply_port_out, info, result))

    def _apply_port_out(self, info: WorkflowExecutionInfo, result: PortOutResult) -> None:
        number, workflow_id = result.phone_number, info.execution.workflow_id
        line = self._known.lines.setdefault(number, KnownLine(number, workflow_id))
        line.ended = line.ended or result.state in LEFT_STATES

    def _note(self, info: WorkflowExecutionInfo, fact: Callable[[], None]) -> None:
        at = info.start_time if _is_open(info) else info.close_time
        self._facts.append((at.ToDatetime(UTC), fact))

    def _is_busy(self, info: WorkflowExecutionInfo) -> bool:
        return _is_open(info) or info.close_time.ToDatetime(UTC) >= self._since

    async def _read_all(
        self, workflow_type: str, given: type[Given], returned: type[Returned]
    ) -> list[tuple[WorkflowExecutionInfo, Given | None, Returned | None]]:
        """Every run of a type in the order of their starts, with its argument and its result."""

        async def read(
            info: WorkflowExecutionInfo,
        ) -> tuple[WorkflowExecutionInfo, Given | None, Returned | None]:
            argument = await self._histories.given(info.execution, given)
            if _is_open(info):
                return info, argument, None
            return info, argument, await self._histories.returned(info.execution, returned)

        infos = await self._histories.list(workflow_type)
        return await asyncio.gather(*map(read, infos))


def _to_known(
    given: LineInput, wanted: LineRequest, result: LineResult, workflow_id: str, label: str
) -> KnownLine:
    return KnownLine(
        phone_number=result.phone_number or "",
        workflow_id=workflow_id,
        label=label,
        complete=result.state is StepState.DONE,
        number_id=result.number_id,
        subscription_id=result.subscription_id,
        subscriber_id=given.subscriber_id,
        package_id=given.package_id,
        product_type=wanted.product_type,
        message_route_id=given.message_route_id if wanted.product_type.messages else None,
        voice_route_id=given.voice_route_id if wanted.product_type.voice else None,
        iccid=result.iccid,
        data_limits=wanted.data_limits,
        call_filter=wanted.call_filter,
        message_filter=wanted.message_filter,
    )


def _numbers_of(result: LineChangeResult | None) -> list[str]:
    return [result.phone_number, result.new_phone_number or ""] if result else []


def _is_open(info: WorkflowExecutionInfo) -> bool:
    return info.status in RUNNING
