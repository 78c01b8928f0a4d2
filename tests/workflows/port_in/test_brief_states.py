"""A port-in while it is prepared, checked and submitted, and what others see of it, in memory."""

from datetime import timedelta

from activities.port_in.earlier_runs import EarlierPortIn
from activities.port_in.orders import OrderSnapshot
from activities.port_in.policy import DAY, PortInPolicy
from telegent_orchestrator.port_in import PortState
from tests.harness.port_in_story import (
    CORRECTION,
    INVALID,
    MINUTE,
    NOW,
    ORDER,
    Story,
    followed,
    rejected,
    story,
    submitting,
)
from workflows.port_in import effects, facts
from workflows.port_in.views import changed_search_attributes, to_status


def published(life: Story) -> list[PortState]:
    return [each.state for each in life.last_effects if isinstance(each, effects.PublishEvent)]


def listed(life: Story, **known: object) -> dict[str, object]:
    """The search attributes that are changed now."""
    return {**changed_search_attributes(life.port, known)}


def test_first_event_is_published_once_the_receivers_are_known() -> None:
    life = story()
    assert published(life) == []

    life.then(facts.Prepared(PortInPolicy(), event_receivers=("one",)))

    assert published(life) == [PortState.CHECKING_ELIGIBILITY]
    assert life.port.event_receivers == ("one",)


def test_data_corrected_during_the_preparation_are_validated_again() -> None:
    life = story().then(facts.CorrectionAccepted(CORRECTION))

    life.then(facts.Prepared(PortInPolicy(), validation=INVALID))

    assert published(life) == [PortState.CHECKING_ELIGIBILITY]
    task = life.task()
    assert isinstance(task, effects.ValidateDetails)
    assert task.details.account_number == CORRECTION.account_number


def test_details_of_an_order_that_may_exist_are_not_asked_for() -> None:
    earlier = EarlierPortIn(order_id="ORD-1")

    life = story().then(facts.Prepared(PortInPolicy(), earlier, INVALID))

    assert life.state() is PortState.CHECKING_ELIGIBILITY
    assert isinstance(life.task(), effects.FindNumber)


def test_submit_that_cannot_be_sent_for_a_quarter_of_an_hour_raises_attention() -> None:
    life = submitting()
    for _ in range(8):  # pauses of 1, 2, 4 … 128 seconds: 4 minutes
        life.then(facts.RequestNotSent("Telegent is unreachable"))
        life.later(life.port.retry_at - life.now if life.port.retry_at else DAY)
        life.then(facts.PauseOver())
    assert not to_status(life.port).attention

    life.then(facts.RequestNotSent("Telegent is unreachable", retry_after=11 * MINUTE))

    assert life.port.attention == "submit not sent: Telegent is unreachable"
    assert published(life) == [PortState.SUBMITTING]
    assert listed(life)["PortState"] == "SUBMITTING"
    life.later(11 * MINUTE)
    life.then(facts.PauseOver(), facts.RequestNotSent("Telegent is unreachable"))
    assert published(life) == [], "the same attention is raised again"


def test_lists_show_a_state_of_seconds_only_when_it_needs_attention() -> None:
    life = submitting()
    assert listed(life) == {}

    life.then(facts.TaskStalled(NOW, "Telegent answers 500"))

    assert listed(life)["PortState"] == "SUBMITTING"
    assert listed(followed())["PortState"] == "SUBMITTED"


def test_lists_show_at_once_that_no_operator_is_needed_any_more() -> None:
    life = story().then(facts.Prepared(PortInPolicy(), validation=INVALID))
    shown = listed(life)
    assert shown["NeedsOperatorSince"]

    life.then(facts.CorrectionAccepted(CORRECTION))

    assert life.state() is PortState.CHECKING_ELIGIBILITY
    assert listed(life, **shown)["NeedsOperatorSince"] is None


def test_attached_order_has_the_deadline_of_its_carrier() -> None:
    life = story(order_id="ORD-1").then(facts.Prepared(PortInPolicy()))

    life.then(facts.OrderVerified(ORDER, NOW + timedelta(hours=3)))

    assert life.passes().port.attention == "no response from the losing carrier"
    assert life.now == NOW + timedelta(hours=3)


def test_carrier_owes_a_response_to_a_correction_whose_response_was_lost() -> None:
    life = rejected().then(
        facts.CorrectionAccepted(CORRECTION), facts.DetailsValidated(), facts.RequestLost("none")
    )
    life.later(DAY)

    seen = OrderSnapshot(order_id="ORD-1", status="Pending")
    life.then(facts.OrderSeen(seen, life.now + timedelta(hours=3)))

    assert life.state() is PortState.SUBMITTED
    deadline = life.port.next_deadline
    assert deadline
    assert deadline.at == life.now + timedelta(hours=3)
