"""Creates resources exactly once, although the API has no idempotency keys.

A `CreateAttempt` decides the next action: look the resource up, create it, wait until its order is
complete, or let an operator decide. This module performs the action, and tells the attempt what
came of it. As long as Telegent's lists may lag, a lookup that finds nothing fails with `Pending`,
and Temporal repeats it. So a lookup that returns None shows that the resource does not exist.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from activities.support.outcomes import (
    NOT_EXECUTED,
    Outcome,
    classify_failure,
    failure_message,
    reported_wait,
)
from activities.support.write_activity import CreateSpec, Lookup, Wanted, create_spec_of
from activities.support.write_spec import Lag
from telegent_orchestrator.lines import Lags, PreviousRuns
from telegent_orchestrator.progress import ResolutionAction
from workflows.support.activity_calls import (
    MAX_RETRY_AFTER,
    NEW_ID_RETRIES,
    RETRY_BACKOFF,
    VENDOR_CALL_TIMEOUT,
    Activity,
    Stall,
    execute_idempotent_write,
    execute_poll,
    execute_read,
    prepare_write,
)
from workflows.support.cancellation import cancellable_sleep, raise_if_cancelled
from workflows.support.compensation import CompensationEntry, CompensationLog
from workflows.support.create_attempt import AttemptAction, CreateAttempt
from workflows.support.metrics import (
    LostResponseResolution,
    count_lost_response,
    count_lost_response_resolved,
)
from workflows.support.progress import ProgressTracker, RunningStep
from workflows.support.resets import current_resets

T = TypeVar("T")
W = TypeVar("W", bound=Wanted)


@dataclass
class ResourceCreator:
    """Creates resources exactly once, and shows the progress on the running step.

    Attributes:
        progress: The steps of the workflow.
        compensation: What a cancel has to roll back.
        previous_runs: The period in which previous runs of the workflow may have created
            resources; None: there were no previous runs.
        lags: How long Telegent's lists may miss what exists.
        scope: A fingerprint of the id key, for `create_alone`: only onboardings with the same
            scope take turns to create a shared product or package.
        created_ids: `str` of each resource that a response has named as created by this run. What
            is in it is new. An account or subscriber that is not in it, because its response was
            lost, is treated as one that existed.
    """

    progress: ProgressTracker
    compensation: CompensationLog
    previous_runs: PreviousRuns | None = None
    lags: Lags = field(default_factory=Lags)
    scope: str = ""
    created_ids: set[str] = field(default_factory=set)

    @property
    def unseen_runs(self) -> PreviousRuns | None:
        """When creates may have happened that this history does not show; None: never.

        They may have happened in previous runs, or in the part of this history that a reset in
        Temporal has discarded.
        """
        runs, (_, reset_at) = self.previous_runs, current_resets()
        if reset_at is None:
            return runs
        return PreviousRuns(
            started_at=runs.started_at if runs else workflow.info().workflow_start_time,
            ended_at=reset_at,
            interrupted=True,
        )

    async def ensure(
        self,
        create: Activity[[W], T],
        wanted: W,
        *,
        lookup_first: bool | None = None,
        created_before: datetime | None = None,
    ) -> T:
        """Returns the wanted resource: found, created, or chosen by an operator.

        Args:
            create: The activity that creates it. Its `CreateSpec` says how it is looked up, when an
                operator decides, and what a cancel does.
            wanted: The resource, with everything that its create and its lookup need.
            lookup_first: Look it up before the first create; by default as its `WriteSpec` says.
            created_before: The latest time at which another onboarding may have created it; None:
                none can have. Only a lookup at least one lag after it shows the absence. Do not
                pass it for a kind with a compensation: a cancel would delete what is theirs.

        Raises:
            ActivityError: The vendor rejects it, or fails in a way that is not escalated.
            ApplicationError: An operator has abandoned it.
        """
        spec = create_spec_of(create)
        times = [created_before, self.unseen_creates_until()]
        first = spec.write.lookup_first if lookup_first is None else lookup_first
        attempt = CreateAttempt[T](
            unique=spec.write.unique,
            max_lost_responses=spec.write.max_lost_responses,
            escalates=spec.write.escalates,
            lookup_first=first,
            created_before=max(filter(None, times), default=None),
        )
        return await _AttemptRunner(self, create, spec, wanted, attempt).run()

    def unseen_creates_until(self) -> datetime | None:
        """The latest time of a create that this history does not show; None: there is none."""
        runs = self.unseen_runs
        if runs is None:
            return None
        # A call in flight when a run was interrupted may have taken effect after its end.
        return runs.ended_at + (VENDOR_CALL_TIMEOUT if runs.interrupted else timedelta(0))


class _ResetError(Exception):
    """The run was reset between two sends of a create: look up, then send again."""


@dataclass
class _AttemptRunner(Generic[W, T]):
    """Performs the actions of one `CreateAttempt`, and tells it what came of each."""

    creator: ResourceCreator
    create: Activity[[W], T]
    spec: CreateSpec[W, T]
    wanted: W
    attempt: CreateAttempt[T]

    def __post_init__(self) -> None:
        self.resets, _ = current_resets()
        self.step = RunningStep.current()
        self.description = self.wanted.description
        self.entry = CompensationEntry[T](
            self.description, self.spec.write, self._find_for_rollback, self._compensation()
        )
        self.send = prepare_write(self.create, f"Create {self.description}", self.wanted)

    async def run(self) -> T:
        """Returns the resource, or raises the failure with which the attempt ends."""
        actions = {
            AttemptAction.LOOK_UP: self._look_up,
            AttemptAction.CREATE: self._create,
            AttemptAction.CONFIRM: self._confirm,
            AttemptAction.ESCALATE: self._escalate,
        }
        attempt = self.attempt
        while attempt.next_action in actions:
            self._check_for_reset()
            await actions[attempt.next_action]()
            self._update_compensation_log()
        if attempt.next_action is AttemptAction.FAIL:
            assert attempt.failure is not None
            raise attempt.failure
        assert attempt.resource is not None
        return attempt.resource

    def _was_reset(self) -> bool:
        """Whether there was a reset that `_check_for_reset` has not taken into account."""
        return current_resets()[0] != self.resets

    def _check_for_reset(self) -> None:
        until = self.creator.unseen_creates_until()
        if self._was_reset() and until is not None:
            self.resets, _ = current_resets()
            self.attempt.on_unseen_creates(until)

    async def _look_up(self) -> None:
        raise_if_cancelled()
        attempt, lost = self.attempt, self.attempt.lost_responses
        try:
            with self._show_wait():
                found = await self._find(attempt.created_before)
        except ActivityError as error:
            message = _evidence_or_raise(error)
            several_match = classify_failure(error) is Outcome.AMBIGUOUS
            attempt.on_lookup_failed(error, message, several_match=several_match)
            return
        if found is None:
            attempt.on_absent()
            return
        attempt.on_found(found)
        if lost:
            self.step.set_detail("created (response was lost, found by lookup)")
            count_lost_response_resolved(self.spec.write.activity, LostResponseResolution.FOUND)
        else:
            self.step.set_detail("already existed")

    def _show_wait(self) -> AbstractContextManager[None]:
        """Shows why a lookup may take long, and when it ends at the latest."""
        lags, attempt = self.creator.lags, self.attempt
        lag = lags.purchase if self.spec.write.lag is Lag.PURCHASE else lags.read
        # Only a number for a physical SIM has `used_before`: until then, another line may have put
        # its number on that SIM. The lookup waits until the lists would show that number, too.
        times = filter(None, (attempt.created_before, self.wanted.used_before))
        until = max((at + lag for at in times), default=None)
        if until is None or until <= workflow.now():
            return nullcontext()
        exists = "it may exist already" if attempt.created_before else "its SIM may be in use"
        why = "a response was lost" if attempt.lost_responses else exists
        return self.step.waiting(
            f"{why}, and Telegent's lists may lag: searching until {until:%H:%M:%S} UTC at the "
            "latest"
        )

    async def _create(self) -> None:
        attempt, spec = self.attempt, self.spec
        attempt.before_send()
        self._update_compensation_log()
        try:
            created = await self._send_until_executed()
        except _ResetError:
            return
        except ActivityError as error:
            message, outcome = _evidence_or_raise(error), classify_failure(error)
            if outcome is Outcome.UNKNOWN:
                count_lost_response(spec.write.activity)
                self.step.set_detail("no response; checking whether it was created")
                attempt.on_lost(error, message, workflow.now())
            else:
                # NOT_FOUND: an id that the request refers to is unknown. Any other rejection may
                # mean that the resource exists already.
                attempt.on_rejected(
                    error,
                    message,
                    workflow.now(),
                    may_mean_it_exists=outcome is not Outcome.NOT_FOUND,
                )
            return
        if attempt.lost_responses:
            count_lost_response_resolved(spec.write.activity, LostResponseResolution.SENT_AGAIN)
        self.step.set_detail("created when sent again" if attempt.evidence else "")
        attempt.on_created(created, confirmed=spec.is_confirmed(created))
        self.creator.created_ids.add(str(created))
        self._update_compensation_log()
        raise_if_cancelled()

    async def _send_until_executed(self) -> T:
        """Sends the create; while it was certainly not executed, sends it again after a pause.

        When the workflow is cancelled meanwhile, it still waits for the response, which says what
        exists. A cancel ends only the pauses.
        """
        delay, max_delay = RETRY_BACKOFF
        started = workflow.now()
        with Stall.watching() as stall:
            while True:
                sent_after = workflow.now() - started
                try:
                    return await self.send()
                except ActivityError as error:
                    paused = _pause_before_retry(error, delay, sent_after)
                    if paused is None:
                        raise
                    reason, pause = paused
                    self.step.set_detail(f"{reason}; trying again in {pause.total_seconds():.0f} s")
                    stall.check(error.activity_type, failure_message(error))
                    await cancellable_sleep(pause, f"{self.step.name}: {reason}, then try again")
                    if self._was_reset():
                        # The discarded part of the history may have sent it again.
                        raise _ResetError from error
                    delay = min(delay * 2, max_delay)

    async def _confirm(self) -> None:
        attempt, confirm = self.attempt, self.spec.confirm
        assert confirm is not None
        assert attempt.resource is not None
        self.step.set_detail(f"Telegent is processing {attempt.resource}")
        try:
            confirmed = await execute_poll(
                confirm, f"Wait for {self.description}", self.wanted, attempt.resource
            )
        except ActivityError as error:
            message = _evidence_or_raise(error)
            definite = classify_failure(error) is Outcome.REJECTED
            attempt.on_not_confirmed(error, message, definite=definite)
            return
        self.step.set_detail("")
        attempt.on_confirmed(confirmed)

    async def _escalate(self) -> None:
        attempt = self.attempt
        if attempt.lost_responses:
            count_lost_response_resolved(self.spec.write.activity, LostResponseResolution.ESCALATED)
        reason = "Cannot determine whether this was created."
        if attempt.absent:
            reason = f"No response {attempt.lost_responses} times, and Telegent does not list it."
        resolution = await self.step.escalate(
            f"{reason} Check the Telegent portal, then resolve.", attempt.evidence
        )
        if resolution.action is ResolutionAction.RETRY:
            attempt.on_retry()
            return
        if resolution.action is ResolutionAction.ABANDON:
            attempt.on_abandoned(
                ApplicationError(
                    f"{self.step.name}: abandoned by {resolution.by}: {resolution.reason}",
                    type="Abandoned",
                )
            )
            return
        try:
            attempt.on_chosen(await self._read_chosen(resolution.id or ""))
        except ActivityError as error:
            attempt.on_wrong_choice(_evidence_or_raise(error))

    async def _read_chosen(self, chosen_id: str) -> T:
        if self.spec.adopt is None:
            # Without `adopt`, a resource is represented by its id.
            return chosen_id  # type: ignore[return-value]  # T is str here
        summary = f"Read {self.description} that an operator chose"
        return await execute_read(self.spec.adopt, summary, self.wanted, chosen_id)

    async def _find(self, created_before: datetime | None) -> T | None:
        lookup = Lookup[Any](wanted=self.wanted, created_before=created_before)
        return await execute_read(self.spec.find, f"Look up {self.description}", lookup)

    async def _find_for_rollback(self) -> T | None:
        # It may have been created at any time up to now.
        return await self._find(workflow.now())

    def _compensation(self) -> Callable[[T], Coroutine[Any, Any, None]] | None:
        compensate, args_of = self.spec.compensate, self.spec.compensate_args
        if compensate is None:
            return None

        async def roll_back(resource: T) -> None:
            summary = f"Roll back {self.description}"
            await execute_idempotent_write(compensate, summary, *args_of(self.wanted, resource))

        return roll_back

    def _update_compensation_log(self) -> None:
        self.entry.resource = self.attempt.resource
        if self.attempt.may_be_ours:
            self.creator.compensation.add(self.entry)
        else:
            self.creator.compensation.discard(self.entry)


def _pause_before_retry(
    error: ActivityError, delay: timedelta, sent_after: timedelta
) -> tuple[str, timedelta] | None:
    """Why a call was not executed, and the pause before it is repeated; None: do not repeat it.

    Args:
        error: Its failure.
        delay: The pause, unless the vendor asks for a longer one.
        sent_after: How long after the first call this one was sent.
    """
    if is_cancelled_exception(error):
        return None
    outcome, reported = classify_failure(error), reported_wait(error)
    if outcome is Outcome.NOT_FOUND:
        # The id may be that of a resource which was created a moment ago. For this outcome,
        # `reported` is the read lag: how long a new id may be unknown.
        if sent_after >= reported:
            return None
        pause = max(reported / NEW_ID_RETRIES, delay)
        return "an id is unknown to Telegent, maybe because it is new", min(pause, reported)
    reason = NOT_EXECUTED.get(outcome)
    return (reason, max(delay, min(reported, MAX_RETRY_AFTER))) if reason else None


def _evidence_or_raise(error: ActivityError) -> str:
    """The failure as an entry of the evidence that an operator sees.

    Raises:
        ActivityError: The activity has not failed: it was cancelled.
    """
    if is_cancelled_exception(error):
        raise error
    return f"{workflow.now():%Y-%m-%d %H:%M:%S} UTC {failure_message(error)}"
