"""Port-outs: the PIN that a gaining carrier must quote, and whether the number has left."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from pydantic import Field
from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import elapsed
from activities.support.outcomes import pending, rejected
from activities.support.write_activity import write_activity
from telegent import NotFoundError, OutcomeUnknownError, Telegent, TelegentError
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.port_out import PortOutPin, is_weak_pin

PIN_LENGTH = 6
"""What carriers use for the PIN of a number that leaves; the vendor documents no length."""

IN_SERVICE_STATUSES = ("pending", "process", "progress", "reject", "park", "suspend")
"""Parts of status words that do not say that a number has gone. The vendor documents only `Active`;
these come from its old port-out statuses and from the changes that it offers for a number."""


class SetPinInput(WireModel):
    """The PIN to set for a number that will leave."""

    phone_number: str
    pin: str = Field(repr=False)


class PinGenerator:
    """Chooses PINs: in an activity, because a workflow must not depend on chance."""

    @activity.defn
    async def generate_port_out_pin(self, phone_number: str) -> PortOutPin:
        """A random PIN for this number."""
        return PortOutPin(pin=_random_pin(phone_number))


@dataclass(frozen=True)
class PortOutActivities:
    """Calls about port-outs."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def validate_port_out(self, phone_number: str, subscription_id: str | None) -> None:
        """Refuse a number that is not in service here, or a subscription that is not its own.

        Before anything is set: a wrong subscription would be deleted for good in the end.
        """
        number = await self._in_service(phone_number)
        if isinstance(number, str):
            raise rejected(f"the number is not in service here, so it cannot leave. {number}")
        if subscription_id is None:
            return
        try:
            subscription = await self.api.subscriptions.get(subscription_id)
        except NotFoundError as error:
            raise rejected(f"there is no subscription {subscription_id}. {error}") from None
        if not _may_belong(subscription, number):
            raise rejected(f"subscription {subscription_id} belongs to another number")

    @write_activity(write_specs.SET_PORT_OUT_PIN)
    async def set_port_out_pin(self, request: SetPinInput) -> str | None:
        """Set the PIN; returns the vendor's order id, None when only a look showed that it is set.

        A repeat sets the same PIN again, and makes one more order. So when the answer is lost a
        look comes before the repeat, which is Temporal's next attempt.
        """
        try:
            order = await self.api.ports.port_out(
                telegent.PortOut(port_out_number=request.phone_number, port_out_pin=request.pin)
            )
        except OutcomeUnknownError:
            # A look that fails tells nothing: then the lost answer is what went wrong.
            with suppress(TelegentError):
                if await self._pin_of(request.phone_number) == request.pin:
                    return None
            raise
        return order.order_id

    @write_activity(write_specs.VOID_PORT_OUT_PIN)
    async def void_port_out_pin(self, phone_number: str) -> None:
        """Overwrite the PIN with one that nobody knows: it never leaves this process.

        The vendor documents no call that takes a PIN away.
        """
        pin = _random_pin(phone_number)
        await self.set_port_out_pin(SetPinInput(phone_number=phone_number, pin=pin))

    @activity.defn
    async def await_ported_out(self, phone_number: str) -> str:
        """How the vendor shows that a number is no longer in service, once it does.

        Raises a benign `Pending` until then, so that Temporal looks again at a slow pace: the
        vendor documents no event for a number that leaves.
        """
        shown = await self._in_service(phone_number)
        if isinstance(shown, str):
            return shown
        raise pending("the number is still here", self.settings.port_out_poll)

    @activity.defn
    async def confirm_ported_out(self, phone_number: str) -> str | None:
        """The same after a read lag, when the number is still not shown; None as soon as it is."""
        shown = await self._in_service(phone_number)
        if not isinstance(shown, str):
            return None
        if elapsed() >= self.settings.read_lag:
            return shown
        raise pending(
            "not shown; looking again, because a read may miss what is there",
            self.settings.read_lag,
        )

    async def _in_service(self, phone_number: str) -> telegent.Number | str:
        """The number, or how the vendor shows that it is not in service here."""
        try:
            number = await self.api.numbers.details(phone_number=phone_number)
        except NotFoundError as error:
            return str(error)
        status = (number.status or "active").casefold()
        if status == "active" or any(word in status for word in IN_SERVICE_STATUSES):
            return number
        return f"Telegent shows it as '{number.status}'"

    async def _pin_of(self, phone_number: str) -> str | None:
        """The PIN that is set, which only the inventory shows: the details leave it out."""
        async for number in self.api.numbers.inventory():
            if number.number == phone_number:
                return number.port_out_pin
        return None


def _random_pin(phone_number: str) -> str:
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_LENGTH))
        if not is_weak_pin(pin, phone_number):
            return pin


def _may_belong(subscription: telegent.Subscription, number: telegent.Number) -> bool:
    """Whether number id or SIM match, or nothing can be compared. One match is enough."""
    has_ids = bool(subscription.tnid and number.number_id)
    has_sims = bool(subscription.iccid and number.iccid)
    return (
        telegent.same_id(subscription.tnid, number.number_id)
        or telegent.same_iccid(subscription.iccid, number.iccid)
        or not (has_ids or has_sims)
    )
