"""What a port-in decides, case by case, in memory; the properties hold for every order of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import Mock

from activities import ActivitySettings
from activities.internal_activities import InternalActivities
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import DAY, PortInPolicy
from telegent_orchestrator.names import CANCEL_MESSAGE
from telegent_orchestrator.port_in import (
    NumberBinding,
    OperatorAction,
    OperatorDecision,
    PortInCorrection,
    PortState,
)
from tests.harness.port_in_story import (
    CANCEL,
    CORRECTION,
    DETAILS,
    INVALID,
    NOW,
    ORDER,
    followed,
    rejected,
    story,
    submitting,
)
from workflows.port_in import effects, facts
from workflows.port_in.reaction import rejection_reason
from workflows.port_in.views import suggest_actions, to_search_attributes, to_status


def test_cancel_sent_with_the_start_ends_before_anything_is_submitted() -> None:
    life = story().then(facts.CancelAccepted(CANCEL))
    assert isinstance(life.task(), effects.Prepare)

    life.then(facts.Prepared(PortInPolicy()))

    assert life.state() is PortState.CANCELLED


def test_cancel_during_the_eligibility_check_ends_at_once() -> None:
    life = story().then(facts.Prepared(PortInPolicy()))
    assert isinstance(life.task(), effects.CheckEligibility)

    assert life.then(facts.CancelAccepted(CANCEL)).port.state is PortState.CANCELLED


def test_cancel_while_submit_cannot_be_sent_ends_without_an_order() -> None:
    life = submitting().then(facts.RequestNotSent("Telegent is unreachable"))
    assert isinstance(life.task(), effects.Pause)

    assert life.then(facts.CancelAccepted(CANCEL)).port.state is PortState.CANCELLED


def test_cancel_during_the_submit_cancels_the_created_order() -> None:
    life = submitting().then(facts.CancelAccepted(CANCEL), facts.SubmitAccepted(ORDER))

    assert life.task() == effects.SendCancel("ORD-1")


def test_cancel_while_submit_is_unknown_is_kept_until_an_operator_knows() -> None:
    life = submitting().then(facts.RequestLost("no response"), facts.CancelAccepted(CANCEL))
    assert life.state() is PortState.SUBMIT_UNKNOWN
    retry = OperatorDecision(action=OperatorAction.RETRY_NOW, by="op", reason="there is none")

    life.then(facts.DecisionAccepted(retry))

    assert life.state() is PortState.CANCELLED


def test_correction_during_the_submit_is_sent_when_the_order_exists() -> None:
    life = submitting().then(
        facts.CorrectionAccepted(CORRECTION),
        facts.SubmitAccepted(ORDER),
        facts.DetailsValidated(),
    )

    task = life.task()
    assert isinstance(task, effects.SendCorrection)
    assert task.update.details.account_number == "100200301"


def test_cancel_during_a_restart_prevents_the_new_order() -> None:
    life = followed().sees("ResolutionRequired", "9Z-ACCOUNT ON HOLD")
    restart = OperatorDecision(action=OperatorAction.RESTART, by="op", reason="it is paid")
    life.then(facts.DecisionAccepted(restart), facts.ChangeAccepted())
    assert rejection_reason(life.port, CANCEL) is None

    life.then(facts.CancelAccepted(CANCEL)).sees("Cancelled")

    assert life.state() is PortState.CANCELLED


def test_hints_during_a_poll_cause_one_more_poll() -> None:
    life = followed().sees("InProgress")
    hinted = life.then(facts.HintReceived()).task()
    assert isinstance(hinted, effects.PollOrder)
    assert hinted.request.once
    assert hinted.request.last_polled_at == NOW

    for _ in range(1000):
        assert life.then(facts.HintReceived()).last_effects == ()
    again = life.sees("InProgress").task()

    assert isinstance(again, effects.PollOrder)
    assert again.request.once
    ended = life.sees("InProgress").task()
    assert isinstance(ended, effects.PollOrder)
    assert not ended.request.once


def test_alternating_statuses_are_no_new_rejections_and_are_polled_at_the_min_interval() -> None:
    life = rejected()

    for words in ("8A-ACCOUNT_NUM_REQ_OR_INCORRECT.", "8A-ACCOUNT_NUM_REQ_OR_INCORRECT") * 20:
        life.later(timedelta(minutes=1)).sees("ResolutionRequired", words)
        task = life.task()
        assert isinstance(task, effects.PollOrder)
        assert task.request.last_polled_at == life.now

    assert life.port.rejections == 1
    assert life.port.entered_at == NOW


def test_deadline_reads_the_order_before_it_cancels() -> None:
    life = followed().passes()
    assert life.port.attention == "no response from the losing carrier"

    task = life.passes().task()
    assert isinstance(task, effects.PollOrder)
    assert task.request.once
    life.sees("Pending")

    assert life.task() == effects.SendCancel("ORD-1")


def test_rejection_after_a_passed_deadline_starts_a_new_deadline() -> None:
    life = followed().passes().passes().sees("ResolutionRequired", "8A-WRONG")

    assert life.state() is PortState.ACTION_REQUIRED
    assert isinstance(life.task(), effects.PollOrder)
    deadline = life.port.next_deadline
    assert deadline
    assert deadline.at == life.now + DAY


def test_unrequested_end_is_confirmed_by_a_second_poll() -> None:
    life = followed().sees("Cancelled")
    assert life.state() is PortState.SUBMITTED
    task = life.task()
    assert isinstance(task, effects.PollOrder)
    assert task.request.once

    assert life.sees("Pending").port.unconfirmed_state is None
    life.sees("Cancelled").sees("Cancelled")

    assert life.state() is PortState.CANCELLED


def test_late_correction_restarts_the_maximum_age() -> None:
    life = rejected().later(13 * DAY).then(facts.CorrectionAccepted(CORRECTION))
    life.then(facts.DetailsValidated()).later(3 * DAY)

    life.then(facts.ChangeAccepted(life.now + timedelta(hours=3))).passes().passes()

    assert life.now == NOW + 30 * DAY


def test_maximum_age_counts_from_a_date_in_the_future() -> None:
    landline = DETAILS.model_copy(update={"port_in_date": date(2026, 12, 23)})

    life = followed(landline).passes().passes()

    assert life.now == datetime(2026, 12, 28, tzinfo=UTC)


async def test_date_beyond_the_maximum_age_is_a_warning() -> None:
    ahead = datetime.now(UTC).date() + timedelta(days=30)
    landline = DETAILS.model_copy(update={"port_in_date": ahead})

    found = await InternalActivities(ActivitySettings(), Mock()).validate_port_in_details(landline)

    assert any(f"is followed until {ahead + 5 * DAY}" in warning for warning in found.warnings)


def test_order_named_by_the_request_is_followed_and_none_is_submitted() -> None:
    life = story(order_id="ORD-1").then(facts.Prepared(PortInPolicy()))
    assert isinstance(life.task(), effects.VerifyOrder)

    life.then(facts.OrderVerified(OrderSnapshot(order_id="ORD-1", status="Pending")))

    assert life.state() is PortState.SUBMITTED
    assert to_search_attributes(life.port)["TelegentOrder"] == "ORD-1"


def test_order_named_by_the_request_of_another_number_fails_and_none_is_submitted() -> None:
    life = story(order_id="ORD-1").then(
        facts.Prepared(PortInPolicy()), facts.OrderRejected("it is an order of +1")
    )

    assert life.port.failure == "order ORD-1 is not followed: it is an order of +1"


def test_attached_order_of_another_number_leaves_the_submit_unknown() -> None:
    attach = OperatorDecision(
        action=OperatorAction.ATTACH_ORDER,
        order_id="ORD-7",
        by="op",
        reason="Telegent's support found it",
    )
    life = submitting().then(
        facts.RequestLost("no response"),
        facts.DecisionAccepted(attach),
        facts.OrderRejected("it is an order of +1"),
    )

    assert life.state() is PortState.SUBMIT_UNKNOWN
    assert life.events()[-1] == "order ORD-7 is not followed: it is an order of +1"
    assert rejection_reason(life.port, attach) is None


def test_correction_during_another_is_sent_with_it() -> None:
    life = rejected().then(
        facts.CorrectionAccepted(CORRECTION),
        facts.DetailsValidated(),
        facts.CorrectionAccepted(PortInCorrection(account_pin="777777", by="other")),
    )
    assert isinstance(life.task(), effects.SendCorrection)

    life.then(facts.RequestLost("no response"), facts.DetailsValidated())

    task = life.task()
    assert isinstance(task, effects.SendCorrection)
    sent = task.update.details
    assert (sent.account_number, sent.account_pin) == ("100200301", "777777")


def test_port_in_completes_after_its_cancel_was_rejected() -> None:
    life = followed().then(facts.CancelAccepted(CANCEL), facts.RequestRejected("too late"))
    assert life.state() is PortState.SUBMITTED
    assert life.port.attention == "the cancel for operator was rejected"
    task = life.task()
    assert isinstance(task, effects.PollOrder)
    assert task.request.once, "the order may show why, and is due only hours later"

    assert life.sees("Complete").port.state is PortState.PORTED


def test_cancel_of_an_order_that_is_not_listed_yet_is_sent_again() -> None:
    life = followed().then(
        facts.CancelAccepted(CANCEL), facts.RequestRejected("not found", unknown_id=True)
    )
    assert isinstance(life.task(), effects.Pause)

    assert life.then(facts.PauseOver()).task() == effects.SendCancel("ORD-1")


def test_number_that_is_not_activated_raises_attention_with_the_reason() -> None:
    bind = NumberBinding(
        account_id="AID-1", subscriber_id="SID-1", product_type="p", message_type="a2p"
    )
    life = followed()
    life.port = replace(life.port, bind=bind)
    life.sees("Complete").then(facts.NumberInInventory("TN-1", None))
    assert life.state() is PortState.BINDING

    life.then(facts.TaskStalled(NOW, "Telegent answers 500"))
    assert life.port.attention == "no progress since 11-23 12:00 UTC: Telegent answers 500"
    # The attention ends with the state; a detail of the step would outlast it.
    assert not any(step.detail for step in life.port.steps)
    assert life.port.next_deadline is None, "the call itself tells when it makes no progress"


def test_ended_port_in_shows_no_deadline() -> None:
    life = followed().then(facts.CancelAccepted(CANCEL), facts.ChangeAccepted())
    life.sees("Cancelled")

    status = to_status(life.port)

    assert (status.next_deadline, status.next_deadline_name) == (None, "")


def test_wrong_number_offers_only_to_cancel() -> None:
    life = story().then(facts.Prepared(PortInPolicy(), validation=INVALID))

    offered = suggest_actions(
        life.port.state, None, 0, life.port.fields_to_correct, life.port.policy
    )

    assert [action.message for action in offered] == [CANCEL_MESSAGE]
    assert "start a port-in of the right one" in offered[0].label
