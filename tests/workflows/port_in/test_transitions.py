"""The pure rules of a port-in, driven with random words, messages and clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.local import ANSWER_BY
from activities.port_in.policy import PortRules
from telegent_orchestrator.port_in import FINAL_STATES, PortState, Resolve
from workflows.port_in.deadlines import Clocks, Deadline, Then, next_deadline
from workflows.port_in.rejections import BY_CODE, REJECTIONS, UNCLASSIFIED, classify
from workflows.port_in.transitions import (
    ACCEPTED,
    MOVES,
    WORDS,
    Message,
    may_move,
    meaning,
    read,
    refusal,
)

KNOWN = [word for words in WORDS.values() for word in words]
states = st.sampled_from(list(PortState))
words = st.one_of(st.sampled_from(KNOWN), st.text(max_size=30))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(start=states, seen=st.lists(words, max_size=30))
def test_no_words_make_an_illegal_move_or_leave_a_final_state(
    start: PortState, seen: list[str]
) -> None:
    state = start
    for word in seen:
        reading = read(state, word)
        assert may_move(state, reading.state)
        if state in FINAL_STATES:
            assert reading.state is state
        if not reading.known:
            assert reading.state is state
        state = reading.state


@given(states, st.sampled_from(KNOWN))
def test_going_backwards_is_doubted(state: PortState, word: str) -> None:
    order = [PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED]
    reading = read(state, word)
    backwards = (
        state in order
        and reading.state in order
        and order.index(reading.state) < order.index(state)
    )
    assert reading.doubtful == backwards


@given(st.sampled_from([*Message, *Resolve]), states)
def test_a_refusal_names_where_the_message_is_taken(
    message: Message | Resolve, state: PortState
) -> None:
    why = refusal(message, state)
    assert (why is None) == (state in ACCEPTED[message])
    if why:
        assert all(taken.value in why for taken in ACCEPTED[message])


def test_nothing_is_taken_at_the_end() -> None:
    assert not any(FINAL_STATES & taken for taken in ACCEPTED.values())
    assert all(not MOVES[state] for state in FINAL_STATES)


def test_every_state_has_its_moves_and_can_end() -> None:
    assert MOVES.keys() == set(PortState)
    ends = set(FINAL_STATES)
    while more := {s for s, to in MOVES.items() if s not in ends and to & ends}:
        ends |= more
    assert ends == set(PortState)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("ResolutionRequired", PortState.ACTION_REQUIRED),
        ("resolution required", PortState.ACTION_REQUIRED),
        ("IN-PROGRESS", PortState.AT_CARRIER),
        ("Pending Carrier Approval", PortState.AT_CARRIER),
        ("Error", PortState.ACTION_REQUIRED),
        ("Completed", PortState.PORTED),
        ("Cancelled", PortState.CANCELLED),
        ("Teleported", None),
        ("", None),
    ],
)
def test_words_of_all_three_vocabularies(word: str, state: PortState | None) -> None:
    assert meaning(word) is state


@pytest.mark.parametrize(("code", "rejection"), BY_CODE.items())
def test_known_codes(code: str, rejection: object) -> None:
    assert classify(f"{code}-whatever follows") is rejection
    assert classify(f"  {code.lower()} whatever") is rejection


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("8A-ACCOUNT_NUM_REQ_OR_INCORRECT", "ACCOUNT_NUMBER"),
        ("6P-REMOVE NUMBER LOCK ON VERIZON ACCOUNT", "PORT_PROTECTED"),
        ("1P-Other", "MISMATCH_UNSPECIFIED"),
        ("GENS-0041 No Port-In request found", "ORDER_MISSING"),
        ("9Z-TRANSFER PIN REQUIRED", "PIN_INVALID"),
        ("9Z-number is not active", "NUMBER_NOT_ACTIVE"),
        ("9Z-something else", "UNCLASSIFIED"),
        ("", "UNCLASSIFIED"),
    ],
)
def test_messages_are_classified_and_never_guessed(message: str, reason: str) -> None:
    assert classify(message).reason == reason


@given(st.text(max_size=200))
def test_any_message_has_a_rejection(message: str) -> None:
    assert classify(message) in REJECTIONS


def test_rejections_say_who_must_do_what() -> None:
    assert len({rejection.reason for rejection in REJECTIONS}) == len(REJECTIONS)
    assert all(rejection.who and rejection.remedy for rejection in REJECTIONS)
    assert UNCLASSIFIED.tries == 1


@given(
    states,
    st.integers(min_value=0, max_value=60),
    st.booleans(),
)
def test_deadlines_come_in_order_and_each_once(state: PortState, days_old: int, pin: bool) -> None:
    rules = PortRules(answer_by=ANSWER_BY)
    clocks = Clocks(
        since=NOW,
        submitted_at=NOW - timedelta(days=days_old),
        silent_at=NOW + timedelta(hours=3),
        pin_expires=NOW + timedelta(days=2) if pin else None,
    )
    passed: list[Deadline] = []
    at = None
    while deadline := next_deadline(state, clocks, rules, frozenset(passed)):
        assert deadline not in passed
        assert at is None or deadline.at >= at
        passed.append(deadline)
        at = deadline.at
    if state in FINAL_STATES or state is PortState.CONFIGURING:
        assert not passed


@pytest.mark.parametrize(
    ("state", "last"),
    [
        (PortState.INFO_REQUIRED, Then.CANCEL),
        (PortState.ACTION_REQUIRED, Then.CANCEL),
        (PortState.SUBMIT_UNKNOWN, Then.REMIND),
        (PortState.AT_CARRIER, Then.CANCEL),
        (PortState.UPDATE_REQUESTED, Then.ESCALATE),
        (PortState.CANCEL_REQUESTED, Then.ESCALATE),
        (PortState.PORTED, Then.ESCALATE),
    ],
)
def test_where_waiting_leads(state: PortState, last: Then) -> None:
    clocks = Clocks(since=NOW, submitted_at=NOW)
    passed: set[Deadline] = set()
    then = None
    while deadline := next_deadline(
        state, clocks, PortRules(answer_by=ANSWER_BY), frozenset(passed)
    ):
        passed.add(deadline)
        then = deadline.then
    assert then is last
