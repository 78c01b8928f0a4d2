"""The rate limiter of a worker: it shares the vendor's limit with all workers of its namespace."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import MetricMeter, Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import TemporalError
from temporalio.service import RPCError, RPCStatusCode

from activities.request_allowance import (
    HORIZON,
    VALIDITY,
    AllowanceLedger,
    Lease,
    LeaseRequest,
    PermitReport,
    Rejection,
)
from telegent import Allowance, Permit, RateLimiter, requests_in_window
from telegent.rate_limiter import pause_seconds
from telegent_orchestrator.encryption import CodecError
from telegent_orchestrator.names import TASK_QUEUE
from telegent_orchestrator.request_allowance import ALLOWANCE_ID, ALLOWANCE_WORKFLOW, LEASE_UPDATE

RETRY_INTERVAL = 1.0
"""Seconds after which a lease that failed is tried again."""
LEASE_TIMEOUT = timedelta(seconds=10)
TASK_TIMEOUT = timedelta(seconds=3)
"""How long a worker may take for a task of the `AllowanceWorkflow`, which takes milliseconds. One
that hangs gets two tasks before another worker does: with Temporal's default of ten seconds, no
worker would have permits for twenty."""
RESERVE = 1 / 3
"""The part of the expected requests for which permits are at hand before more are fetched."""
RENEWAL = VALIDITY / 3
"""The part of the window for which permits last at least, or more are fetched: a busy Temporal
server takes seconds."""

MIN_EXTENSION = 1.0
"""Seconds by which a pause must exceed the one that all workers know to be reported at once."""

LeaseCall = Callable[[LeaseRequest], Awaitable[Lease]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Leased:
    """A permit of the workflow, for `count` requests of this process; times of the event loop."""

    id: int
    count: int
    begins: float
    ends: float
    used: int = 0
    in_flight: int = 0
    settled_at: float = 0.0

    def is_usable(self, now: float) -> bool:
        return self.used < self.count and now < self.ends

    def is_over(self, now: float) -> bool:
        return not self.in_flight and not self.is_usable(now)


class SharedRateLimiter(RateLimiter):
    """Sends what the `AllowanceWorkflow` permits.

    Args:
        lease: Asks the workflow.
        per_minute: The worker's setting.
        window: Seconds in any of which the vendor counts.
        meter: For the metrics.
    """

    def __init__(
        self,
        lease: LeaseCall,
        per_minute: int,
        window: float = 60.0,
        meter: MetricMeter = MetricMeter.noop,
    ) -> None:
        super().__init__(per_minute, window)
        self._lease = lease
        self._setting, self._window = per_minute, window
        self._per_minute = float(per_minute)
        self._leased: list[_Leased] = []
        self._reports: list[_Leased] = []
        self._rejections: list[tuple[float, float]] = []
        self._paused_until = 0.0
        self._pause_to_report = 0.0
        self._shared_pause_until = 0.0
        self._recent: deque[float] = deque()
        self._ask_at = 0.0
        self._scarce = False
        self._asking: asyncio.Task[None] | None = None
        self._ask_timer: asyncio.TimerHandle | None = None
        self._limit = meter.create_gauge_float(
            "telegent_rate_limit", "Requests in any 60 seconds that all workers together may send"
        )
        self._limit.set(self._per_minute)
        self._waiting = meter.create_gauge(
            "telegent_requests_waiting",
            "Requests that wait until they may be sent, and one if no call is taken until then",
        )
        self._waiting.set(0)

    @property
    def per_minute(self) -> float:
        """Requests a minute that all workers together send at most."""
        return self._per_minute

    def pause(self, retry_after: float | None) -> None:
        """Delay all requests of all workers."""
        until = self._now() + pause_seconds(retry_after)
        self._paused_until = self._pause_to_report = max(self._paused_until, until)
        self._admit()
        self._ask(self._now())

    async def close(self) -> None:
        """Report what was used, and return the rest."""
        if self._asking:
            await asyncio.wait([self._asking])
        if self._ask_timer:
            self._ask_timer.cancel()
        self._return_permits()
        if self._leased or self._reports:
            await self._exchange(wanted=0)

    def _return_permits(self) -> None:
        """Use none of the permits any more: the next lease reports what they were used for."""
        for each in self._leased:
            each.ends = 0.0

    def _admit(self) -> None:
        super()._admit()
        takes_no_call = bool(self._announcing) and not self._announced
        self._waiting.set(self.waiting + takes_no_call)

    def _next_at(self, now: float, count: int = 1) -> float | None:
        if self._waiters:
            self._ask_if_needed(now)
        for each in sorted(self._usable(now), key=lambda each: each.begins):
            count -= each.count - each.used
            if count <= 0:
                return max(now, self._paused_until, each.begins)
        return None

    def _announce_at(self, now: float) -> float | None:
        if self._announced or self._usable(now):
            return super()._announce_at(now)
        if self._scarce and self._wanted(now):
            self._ask_if_needed(now)
            return None
        # Whether calls are queued is not known here: the first asks for permits.
        return max(now, self._paused_until, self._ask_at)

    def _usable(self, now: float) -> list[_Leased]:
        return [each for each in self._leased if each.is_usable(now)]

    def _take(self, now: float) -> Permit:
        leased = next(each for each in self._leased if each.is_usable(now) and each.begins <= now)
        leased.used += 1
        leased.in_flight += 1
        self._recent.append(now)

        def end(used: bool) -> None:
            leased.in_flight -= 1
            leased.used -= not used
            leased.settled_at = self._now() if used else leased.settled_at
            self._admit()

        def reject(retry_after: float | None) -> None:
            end(used=False)
            self._return_permits()
            self._rejections.append((now, self._now() + pause_seconds(retry_after)))
            self.pause(retry_after)

        return Permit(lambda: end(used=True), reject, lambda: end(used=False))

    def _ask_if_needed(self, now: float) -> None:
        if self._wanted(now):
            self._ask(max(now, self._ask_at))

    def _wanted(self, now: float) -> int:
        """How many more permits to ask for."""
        while self._recent and self._recent[0] <= now - HORIZON * self._window:
            self._recent.popleft()
        lasting = self._usable(now + RENEWAL * self._window)
        left = sum(each.count - each.used for each in lasting)
        expected = len(self._recent)
        if self.waiting <= left and left > int(expected * RESERVE):
            return 0
        return max(self.waiting, expected) - left

    def _ask(self, at: float) -> None:
        """Ask for permits at `at`, if they are still needed then, or at once."""
        loop = asyncio.get_running_loop()
        if self._ask_timer:
            self._ask_timer.cancel()
        if self._asking:
            return
        if at > loop.time():
            self._ask_timer = loop.call_at(at, self._ask_when_due)
        else:
            self._asking = loop.create_task(self._ask_once())

    def _ask_when_due(self) -> None:
        self._report_pause(self._now())
        self._admit()

    def _report_pause(self, at: float) -> None:
        """Report a pause that the last lease has not: until then other workers send on."""
        if self._pause_to_report > max(self._now(), self._shared_pause_until + MIN_EXTENSION):
            self._ask(at)

    async def _ask_once(self) -> None:
        succeeded = await self._exchange(max(0, self._wanted(self._now())))
        self._asking = None
        self._report_pause(self._now() if succeeded else self._ask_at)
        self._admit()

    async def _exchange(self, wanted: int) -> bool:
        """One lease, with all reports that are due. Returns whether there was a response."""
        sent_at = self._now()
        over = [each for each in self._leased if each.is_over(sent_at)]
        reports = [*self._reports, *over]
        self._leased = [each for each in self._leased if not each.is_over(sent_at)]
        rejections, self._rejections = self._rejections, []
        request = LeaseRequest(
            requests_per_minute=self._setting,
            window=self._window,
            wanted=wanted,
            reports=[
                PermitReport(id=each.id, used=each.used, age=sent_at - each.settled_at)
                for each in reports
            ],
            rejections=[
                Rejection(sent_age=sent_at - at, pause=max(0.0, until - sent_at))
                for at, until in rejections
            ],
            pause=max(0.0, self._pause_to_report - sent_at),
        )
        pause_to_report, self._pause_to_report = self._pause_to_report, 0.0
        try:
            lease = await self._lease(request)
        except (TemporalError, CodecError) as error:
            log.warning("no permits for requests to Telegent", reason=str(error) or repr(error))
            self._reports, self._ask_at = reports, self._now() + RETRY_INTERVAL
            self._rejections = rejections + self._rejections
            self._pause_to_report = max(pause_to_report, self._pause_to_report)
            return False
        self._reports = []
        self._accept(lease, wanted, sent_at)
        return True

    def _accept(self, lease: Lease, wanted: int, sent_at: float) -> None:
        now = self._now()
        self._shared_pause_until = now + lease.pause
        if lease.pause:
            # After it fewer requests may be permitted than before.
            self._return_permits()
            self._paused_until = max(self._paused_until, now + lease.pause)
        # The workflow's clock was read between `sent_at` and now.
        self._leased += [
            _Leased(each.id, each.count, begins=now + each.after, ends=sent_at + each.until)
            for each in lease.permits
        ]
        self._ask_at = now + lease.retry_in
        permitted_now = sum(each.count for each in lease.permits if not each.after)
        self._scarce = lease.pause > 0 or permitted_now < wanted
        self._per_minute = lease.per_minute
        self._limit.set(lease.per_minute)


def lease_from(client: Client) -> LeaseCall:
    """Asks the `AllowanceWorkflow`, which is started if it does not run."""
    handle = client.get_workflow_handle(ALLOWANCE_ID)

    async def lease(request: LeaseRequest) -> Lease:
        found: Lease
        try:
            found = await handle.execute_update(
                LEASE_UPDATE, request, result_type=Lease, rpc_timeout=LEASE_TIMEOUT
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            found = await client.execute_update_with_start_workflow(
                LEASE_UPDATE,
                request,
                start_workflow_operation=_start(request),
                result_type=Lease,
                rpc_timeout=LEASE_TIMEOUT,
            )
        return found

    return lease


def _start(request: LeaseRequest) -> WithStartWorkflowOperation[object, None]:
    limit = requests_in_window(request.requests_per_minute, request.window)
    return WithStartWorkflowOperation(
        ALLOWANCE_WORKFLOW,
        AllowanceLedger(Allowance(limit, request.window)),
        id=ALLOWANCE_ID,
        task_queue=TASK_QUEUE,
        task_timeout=TASK_TIMEOUT,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        priority=Priority(priority_key=1),
        static_summary="Shares the requests that Telegent allows between the workers",
    )
