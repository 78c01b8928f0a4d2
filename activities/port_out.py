"""Port-outs: the PIN that the gaining carrier must quote, and whether the number has left."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from pydantic import Field
from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.number_states import NumberState, number_state
from activities.support.outcomes import pending, rejected, require_own_id
from activities.support.shared_list import SharedList
from activities.support.write_activity import elapsed, write_activity
from telegent import NotFoundError, OutcomeUnknownError, Telegent, TelegentError
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.port_out import PortOutPin, is_weak_pin, port_out_id

PIN_LENGTH = 6
"""Digits of a transfer PIN at US carriers. Telegent documents no length."""


class NumberSighting(WireModel):
    """How Telegent shows a number that is to leave.

    Attributes:
        state: What that means; `GONE` also when it is not in our inventory.
        status: Telegent's word.
        message: The same for people.
    """

    state: NumberState
    status: str = ""
    message: str = ""


class SetPinInput(WireModel):
    """The PIN to set for a number that is to leave."""

    phone_number: str
    pin: str = Field(repr=False)


class PinGenerator:
    """Generates PINs: in an activity, because workflows are deterministic."""

    @activity.defn
    async def generate_port_out_pin(self, phone_number: str) -> PortOutPin:
        """Returns a random PIN for this number."""
        return PortOutPin(pin=_random_pin(phone_number))


@dataclass(frozen=True)
class PortOutActivities:
    """Vendor calls for port-outs."""

    api: Telegent
    settings: ActivitySettings
    inventory: SharedList[telegent.Number]

    @activity.defn
    async def validate_port_out(
        self, phone_number: str, subscription_id: str | None
    ) -> NumberSighting:
        """Checks that the number is here, and that the subscription is its own.

        A suspended number may leave. A wrong subscription would be deleted at the end, which cannot
        be undone. The id of the workflow keeps another port-out from replacing the PIN.

        Returns:
            How Telegent shows the number.

        Raises:
            ApplicationError: `Rejected` when it is not here, or the workflow has another id.
        """
        require_own_id(port_out_id(phone_number, self.settings.id_key))
        number, sighting = await self._sight(phone_number)
        if number is None or sighting.state is NumberState.GONE:
            raise rejected(
                f"the number is not in service here, so it cannot leave. {sighting.message}"
            )
        if subscription_id is None:
            return sighting
        try:
            subscription = await self.api.subscriptions.get(subscription_id)
        except NotFoundError as error:
            raise rejected(f"there is no subscription {subscription_id}. {error}") from None
        if not _may_belong(subscription, number):
            raise rejected(f"subscription {subscription_id} belongs to another number")
        return sighting

    @write_activity(write_specs.SET_PORT_OUT_PIN)
    async def set_port_out_pin(self, request: SetPinInput) -> str | None:
        """Sets the PIN.

        A repeat sets the same PIN again, and creates one more order. So a lookup follows a lost
        response, before Temporal's next attempt.

        Returns:
            The order id; None when the response was lost and a lookup showed that the PIN is set.
        """
        try:
            order = await self.api.ports.port_out(
                telegent.PortOut(port_out_number=request.phone_number, port_out_pin=request.pin)
            )
        except OutcomeUnknownError:
            # A lookup that fails tells nothing: then the lost response is what went wrong.
            with suppress(TelegentError):
                if await self._pin_of(request.phone_number) == request.pin:
                    return None
            raise
        return order.order_id

    @write_activity(write_specs.VOID_PORT_OUT_PIN)
    async def void_port_out_pin(self, phone_number: str) -> None:
        """Overwrites the PIN with a random one that never leaves this process.

        Telegent documents no call that removes a PIN.
        """
        pin = _random_pin(phone_number)
        await self.set_port_out_pin(SetPinInput(phone_number=phone_number, pin=pin))

    @activity.defn
    async def await_ported_out(self, phone_number: str, known: NumberSighting) -> NumberSighting:
        """Returns how Telegent shows a number, as soon as that differs from what is known.

        It is polled at a slow rate, because Telegent documents no event for a port-out.

        Raises:
            ApplicationError: `Pending` while it is the same, so that Temporal retries.
        """
        _, sighting = await self._sight(phone_number)
        same = (known.state, known.status) == (sighting.state, sighting.status)
        if sighting.state is NumberState.GONE or not same:
            return sighting
        raise pending(f"the number has not left: {sighting.message}", self.settings.port_out_poll)

    @activity.defn
    async def confirm_ported_out(self, phone_number: str) -> NumberSighting:
        """Returns the same after the read lag, or another one as soon as it is not gone."""
        _, sighting = await self._sight(phone_number)
        if sighting.state is not NumberState.GONE or elapsed() >= self.settings.read_lag:
            return sighting
        raise pending(
            "not shown in service; reading again, because one read may miss it",
            self.settings.read_lag,
        )

    async def _sight(self, phone_number: str) -> tuple[telegent.Number | None, NumberSighting]:
        try:
            number = await self.api.numbers.details(phone_number=phone_number)
        except NotFoundError as error:
            return None, NumberSighting(state=NumberState.GONE, message=str(error))
        status = number.status or ""
        return number, NumberSighting(
            state=number_state(status),
            status=status,
            message=f"Telegent shows it as '{status or 'in service'}'",
        )

    async def _pin_of(self, phone_number: str) -> str | None:
        """Returns the current PIN, which the inventory shows and the details do not."""
        for number in await self.inventory.rows():
            if number.number == phone_number:
                return number.port_out_pin
        return None


def _random_pin(phone_number: str) -> str:
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_LENGTH))
        if not is_weak_pin(pin, phone_number):
            return pin


def _may_belong(subscription: telegent.Subscription, number: telegent.Number) -> bool:
    """Returns whether number id or SIM match, or nothing can be compared. One match is enough."""
    has_ids = bool(subscription.tnid and number.number_id)
    has_sims = bool(subscription.iccid and number.iccid)
    return (
        telegent.same_id(subscription.tnid, number.number_id)
        or telegent.same_iccid(subscription.iccid, number.iccid)
        or not (has_ids or has_sims)
    )
