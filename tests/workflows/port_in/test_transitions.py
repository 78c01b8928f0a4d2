"""The pure rules of a port-in, driven with random words, messages and clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import FINAL_STATES, OperatorAction, PortState
from workflows.port_in.deadlines import Deadline, DeadlineAction, Milestones, next_deadline
from workflows.port_in.rejections import REJECTIONS, REJECTIONS_BY_CODE, UNCLASSIFIED, classify
from workflows.port_in.transitions import (
    ACCEPTED_IN,
    BRIEF_STATES,
    TRANSITIONS,
    VENDOR_STATUS_MAP,
    MessageKind,
    can_transition,
    interpret_status,
    parse_vendor_status,
    state_rejection_reason,
)

KNOWN = [status for statuses in VENDOR_STATUS_MAP.values() for status in statuses]
states = st.sampled_from(list(PortState))
statuses = st.one_of(st.sampled_from(KNOWN), st.text(max_size=30))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(start=states, seen=st.lists(statuses, max_size=30))
def test_no_status_causes_an_illegal_transition_or_leaves_a_final_state(
    start: PortState, seen: list[str]
) -> None:
    state = start
    for status in seen:
        reading = interpret_status(state, status)
        assert can_transition(state, reading.state)
        if state in FINAL_STATES:
            assert reading.state is state
        if not reading.known:
            assert reading.state is state
        state = reading.state


@given(states, st.sampled_from(KNOWN))
def test_earlier_status_and_unrequested_end_need_confirmation(
    state: PortState, status: str
) -> None:
    order = [PortState.SUBMITTED, PortState.AT_CARRIER, PortState.SCHEDULED]
    reading = interpret_status(state, status)
    backwards = (
        state in order
        and reading.state in order
        and order.index(reading.state) < order.index(state)
    )
    unasked = reading.state is PortState.CANCELLED and state not in (
        PortState.CANCEL_REQUESTED,
        PortState.CANCELLED,
    )
    assert reading.needs_confirmation == (backwards or unasked)


@given(st.sampled_from([*MessageKind, *OperatorAction]), states)
def test_rejection_names_the_states_that_accept_the_message(
    message: MessageKind | OperatorAction, state: PortState
) -> None:
    why = state_rejection_reason(message, state)
    assert (why is None) == (state in ACCEPTED_IN[message])
    if why:
        assert all(accepting.value in why for accepting in ACCEPTED_IN[message])


def test_final_states_accept_no_message() -> None:
    assert not any(FINAL_STATES & accepting for accepting in ACCEPTED_IN.values())
    assert all(not TRANSITIONS[state] for state in FINAL_STATES)


def test_every_state_has_transitions_and_can_end() -> None:
    assert TRANSITIONS.keys() == set(PortState)
    ends = set(FINAL_STATES)
    while more := {s for s, to in TRANSITIONS.items() if s not in ends and to & ends}:
        ends |= more
    assert ends == set(PortState)


@pytest.mark.parametrize(
    ("status", "state"),
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
def test_statuses_of_all_three_vocabularies_are_parsed(
    status: str, state: PortState | None
) -> None:
    assert parse_vendor_status(status) is state


@pytest.mark.parametrize(("code", "rejection"), REJECTIONS_BY_CODE.items())
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


def test_rejections_name_the_role_and_the_remedy() -> None:
    assert len({rejection.reason for rejection in REJECTIONS}) == len(REJECTIONS)
    assert all(rejection.responsible_party and rejection.remedy for rejection in REJECTIONS)
    assert UNCLASSIFIED.max_rejections == 1


@given(
    states,
    st.integers(min_value=0, max_value=60),
    st.booleans(),
)
def test_deadlines_pass_in_order_and_once_each(state: PortState, days_old: int, pin: bool) -> None:
    rules = PortInPolicy()
    clocks = Milestones(
        entered_at=NOW,
        carrier_clock_started_at=NOW - timedelta(days=days_old),
        carrier_response_deadline=NOW + timedelta(hours=3),
        pin_expires_at=NOW + timedelta(days=2) if pin else None,
    )
    passed: list[Deadline] = []
    at = None
    while deadline := next_deadline(state, clocks, rules, frozenset(passed)):
        assert deadline not in passed
        assert at is None or deadline.at >= at
        passed.append(deadline)
        at = deadline.at
    assert bool(passed) == (state not in FINAL_STATES | BRIEF_STATES)


@pytest.mark.parametrize(
    ("state", "last"),
    [
        (PortState.INFO_REQUIRED, DeadlineAction.CANCEL),
        (PortState.ACTION_REQUIRED, DeadlineAction.CANCEL),
        (PortState.SUBMIT_UNKNOWN, DeadlineAction.REMIND),
        (PortState.AT_CARRIER, DeadlineAction.CANCEL),
        (PortState.UPDATE_REQUESTED, DeadlineAction.RAISE_ATTENTION),
        (PortState.CANCEL_REQUESTED, DeadlineAction.RAISE_ATTENTION),
    ],
)
def test_where_waiting_leads(state: PortState, last: DeadlineAction) -> None:
    clocks = Milestones(entered_at=NOW, carrier_clock_started_at=NOW)
    passed: set[Deadline] = set()
    then = None
    while deadline := next_deadline(state, clocks, PortInPolicy(), frozenset(passed)):
        passed.add(deadline)
        then = deadline.action
    assert then is last
