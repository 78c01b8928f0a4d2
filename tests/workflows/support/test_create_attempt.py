"""Creates in memory: every order of lost, rejected, late, found, ambiguous and decided.

A vendor that keeps the truth plays against a `CreateAttempt`. The invariants are in the names of
the tests and in `Play`.
"""

import random
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import product
from typing import Any

import pytest

from workflows.support.create_attempt import MAX_EVIDENCE, AttemptAction, CreateAttempt, Origin

FEW, MANY = 2_000, 20_000
MAX_STEPS = 200
LAG = timedelta(minutes=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Response(Enum):
    """What a create may meet."""

    CREATED = "created"
    LOST_EXECUTED = "lost, executed"
    LOST_NOT_EXECUTED = "lost, not executed"
    LOST_LATE = "lost, executed within the lag"
    REJECTED = "rejected"
    UNKNOWN_ID = "rejected: unknown id"


class Resolution(Enum):
    """What an operator may decide; RETRY and ADOPT after a check in the portal."""

    RETRY = "retry"
    ADOPT = "adopt"
    ADOPT_WRONG = "adopt what cannot be it"
    ABANDON = "abandon"


class Failure(Exception):
    """Why there is no resource."""


@dataclass
class Play:
    """One sequence: the vendor's truth, the operator, and what they did to the attempt."""

    chance: random.Random
    attempt: CreateAttempt[str]
    existing: list[str] = field(default_factory=list)
    now: datetime = START
    sent: int = 0
    excused: bool = True
    """Nothing that was sent may exist without being known."""
    steps: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    before_us: int = 0

    def run(self) -> None:
        """Plays until the attempt ends."""
        self.before_us = len(self.existing)
        actions = {
            AttemptAction.LOOK_UP: self._look_up,
            AttemptAction.CREATE: self._create,
            AttemptAction.CONFIRM: self._confirm,
            AttemptAction.ESCALATE: self._escalate,
        }
        while self.attempt.next_action in actions:
            assert len(self.steps) < MAX_STEPS, f"does not end: {self.steps[-20:]}"
            self.steps.append(self.attempt.next_action.value)
            if self.chance.random() < 0.02:
                self.attempt.on_unseen_creates(self.now)
                self.excused = False
                continue
            actions[self.attempt.next_action]()
            self.now += timedelta(seconds=1)
            self._check()

    def _check(self) -> None:
        attempt = self.attempt
        assert len(attempt.evidence) <= MAX_EVIDENCE, "evidence is not bounded"
        created = len(self.existing) + len(self.late) > self.before_us
        if created:
            assert attempt.may_be_ours, f"a cancel would miss what exists: {self.steps}"

    def _look_up(self) -> None:
        # It comes a lag after the last create, so that the lists show the truth.
        self.now += LAG
        self.existing += self.late
        self.late.clear()
        chance = self.chance.random()
        if chance < 0.1:
            self.attempt.on_lookup_failed(Failure(), "HTTP 400", several_match=False)
        elif chance < 0.2 or len(self.existing) > 1:
            self.attempt.on_lookup_failed(Failure(), "2 match", several_match=True)
        elif self.existing:
            self.attempt.on_found(self.existing[0])
            assert self.attempt.next_action is AttemptAction.DONE, (
                "an existing resource is not adopted"
            )
        else:
            self.excused = True
            self.attempt.on_absent()

    def _create(self) -> None:
        assert self.excused, f"created without proof of absence or an operator's word: {self.steps}"
        self.sent += 1
        self.attempt.before_send()
        assert self.attempt.may_be_ours, "a cancel now would not know of it"
        if self.existing and self.attempt.unique:
            self.attempt.on_rejected(Failure(), "already exists", self.now)
            return
        response = self.chance.choice(list(Response))
        self.steps.append(response.value)
        resource = f"id-{self.sent}"
        if response is Response.CREATED:
            self.existing.append(resource)
            self.excused = False
            self.attempt.on_created(resource, confirmed=self.chance.random() < 0.8)
        elif response in (Response.REJECTED, Response.UNKNOWN_ID):
            may_mean_it_exists = response is Response.REJECTED
            self.attempt.on_rejected(
                Failure(), response.value, self.now, may_mean_it_exists=may_mean_it_exists
            )
        else:
            if response is Response.LOST_EXECUTED:
                self.existing.append(resource)
            elif response is Response.LOST_LATE:
                self.late.append(resource)
            self.excused = False
            self.attempt.on_lost(Failure(), "no response", self.now)

    def _confirm(self) -> None:
        chance = self.chance.random()
        if chance < 0.2:
            self.existing.pop()
            self.attempt.on_not_confirmed(Failure(), "order failed", definite=True)
        elif chance < 0.4:
            self.attempt.on_not_confirmed(Failure(), "no number", definite=False)
        else:
            assert self.attempt.resource
            self.attempt.on_confirmed(self.attempt.resource)

    def _escalate(self) -> None:
        assert self.attempt.escalates, "escalates although it must not"
        resolution = self.chance.choice(list(Resolution))
        self.steps.append(resolution.value)
        if resolution is Resolution.ABANDON:
            self.attempt.on_abandoned(Failure())
        elif resolution is Resolution.ADOPT and self.existing:
            self.attempt.on_chosen(self.existing[0])
        elif resolution is Resolution.RETRY and not self.existing:
            self.excused = True
            self.attempt.on_retry()
        else:
            self.attempt.on_wrong_choice("cannot be it")


def played(seed: int) -> Play:
    """One random sequence."""
    chance = random.Random(seed)
    looked_up = chance.random() < 0.2
    attempt = CreateAttempt[str](
        unique=chance.random() < 0.5,
        max_lost_responses=chance.choice([1, 2]),
        escalates=chance.random() < 0.9,
        lookup_first=chance.random() < 0.3,
        created_before=START if looked_up else None,
    )
    # Left by an earlier run, or created by another one, and then it is looked up first.
    left = (looked_up or attempt.lookup_first) and chance.random() < 0.5
    play = Play(
        chance, attempt, existing=["id-0"] if left else [], excused=not left and not looked_up
    )
    play.run()
    return play


@pytest.mark.parametrize("sequences", [FEW, pytest.param(MANY, marks=pytest.mark.resilience)])
def test_any_sequence_ends_without_a_duplicate(sequences: int) -> None:
    """Also: an existing resource is adopted, evidence is bounded, a cancel finds what may exist."""
    ends = set()
    for seed in range(sequences):
        play = played(seed)
        attempt = play.attempt
        assert len(play.existing) <= 1, f"seed {seed}: a duplicate: {play.steps}"
        if attempt.next_action is AttemptAction.DONE:
            assert play.existing == [attempt.resource], f"seed {seed}: {play.steps}"
            ends.add(attempt.origin)
            ours = attempt.origin is not Origin.FOUND
            assert attempt.may_be_ours or not ours, f"seed {seed}: a cancel leaves it"
        else:
            assert attempt.failure is not None, f"seed {seed}: fails without a reason"
            ends.add(None)
    assert ends == {*Origin, None}, "some end was never reached"


@pytest.mark.parametrize("unique", [True, False])
def test_every_short_order_of_responses_ends_without_a_duplicate(unique: bool) -> None:
    for responses in product(Response, repeat=4):
        scripted = list(responses)
        play = Play(random.Random(0), CreateAttempt[str](unique=unique))
        play.chance = ScriptedChance(scripted)
        play.run()
        assert len(play.existing) <= 1, f"{responses}: {play.steps}"


class ScriptedChance(random.Random):
    """Truthful lookups, these responses, then success; the operator abandons."""

    def __init__(self, responses: list[Response]) -> None:
        super().__init__()
        self.responses = responses

    def random(self) -> float:
        return 0.5

    def choice(self, seq: Any) -> Any:
        if seq == list(Resolution):
            return Resolution.ABANDON
        return self.responses.pop(0) if self.responses else Response.CREATED


def next_action(attempt: CreateAttempt[str]) -> AttemptAction:
    """The next step; through a call, so that mypy does not expect the one of the line above."""
    return attempt.next_action


def test_unique_rejected_and_absent_is_tried_once_more() -> None:
    attempt = CreateAttempt[str](unique=True)
    rejection = Failure()
    attempt.before_send()
    attempt.on_rejected(rejection, "Invalid AccountId", START)
    assert next_action(attempt) is AttemptAction.LOOK_UP
    attempt.on_absent()
    assert next_action(attempt) is AttemptAction.CREATE
    attempt.before_send()
    attempt.on_rejected(rejection, "Invalid AccountId", START)

    assert next_action(attempt) is AttemptAction.FAIL
    assert attempt.failure is rejection
    assert not attempt.may_be_ours


def test_unique_rejected_and_found_is_not_ours() -> None:
    attempt = CreateAttempt[str](unique=True)
    attempt.before_send()
    attempt.on_rejected(Failure(), "already exists", START)
    attempt.on_found("id-1")

    assert next_action(attempt) is AttemptAction.DONE
    assert not attempt.may_be_ours


def test_lookup_after_lost_responses_counts_from_the_last_one() -> None:
    attempt = CreateAttempt[str]()
    for at in (START, START + LAG):
        attempt.before_send()
        attempt.on_lost(Failure(), "no response", at)
        assert attempt.created_before == at
        attempt.on_absent()

    assert next_action(attempt) is AttemptAction.ESCALATE


def test_operator_retry_tolerates_as_many_lost_responses_as_the_first_attempt() -> None:
    attempt = CreateAttempt[str](max_lost_responses=1)
    attempt.before_send()
    attempt.on_lost(Failure(), "no response", START)
    attempt.on_absent()
    attempt.on_retry()
    assert next_action(attempt) is AttemptAction.CREATE
    assert attempt.lost_responses == 0


def test_attempt_that_never_escalates_fails_with_the_lost_response() -> None:
    attempt = CreateAttempt[str](max_lost_responses=1, escalates=False)
    lost = Failure()
    attempt.before_send()
    attempt.on_lost(lost, "no response", START)
    attempt.on_absent()

    assert next_action(attempt) is AttemptAction.FAIL
    assert attempt.failure is lost


def test_evidence_of_many_failures_keeps_the_first_and_the_latest() -> None:
    attempt = CreateAttempt[str]()
    for number in range(100):
        attempt.on_wrong_choice(str(number))

    assert attempt.evidence[0] == "0"
    assert attempt.evidence[-1] == "99"
    assert len(attempt.evidence) == MAX_EVIDENCE


def test_machine_needs_no_temporal() -> None:
    code = (
        "import sys, workflows.support.create_attempt\n"
        "assert not [name for name in sys.modules if name.startswith('temporalio')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
