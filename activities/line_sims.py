"""The SIM of a line: a swap, which is not repeatable, and its lookup."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown, require_complete
from activities.support.outcomes import ambiguous
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    create_activity,
    found_or_pending,
)
from telegent import Telegent, parse_activation_code
from telegent_orchestrator._models import WireModel


class SwapSim(Wanted):
    """A SIM for a number in place of the one that it has.

    Attributes:
        iccid: The physical SIM; None: a new eSIM.
        iccid_before: The SIM that the number had.
        swaps_before: How many swaps it had left.
    """

    phone_number: str
    iccid: str | None = None
    iccid_before: str | None = None
    swaps_before: int | None = None

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the SIM swap"


class SimRecord(WireModel):
    """The SIM of a number, as far as it is known. `confirmed`: the number shows it."""

    iccid: str | None = None
    activation_code: str | None = None
    swaps_remaining: int | None = None
    order_id: str | None = None
    confirmed: bool = False

    def __str__(self) -> str:
        return self.iccid or f"of order {self.order_id}"


@dataclass(frozen=True)
class LineSimActivities:
    """Vendor calls about the SIM of a line."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def read_sim(self, phone_number: str) -> SimRecord:
        """Returns the SIM that a number has."""
        return _to_record(await self.api.numbers.details(phone_number=phone_number))

    @activity.defn
    async def find_swapped_sim(self, lookup: Lookup[SwapSim]) -> SimRecord | None:
        """Returns the SIM that a swap has put on the number.

        Raises:
            ApplicationError: `Ambiguous` when the number has a third SIM, or has used a swap and
                does not show another SIM after the read lag.
        """
        wanted = lookup.wanted
        found = await self._swapped(wanted)
        if found.confirmed:
            return found
        absent = found_or_pending(None, lookup.created_before, self.settings.read_lag)
        if _fewer(found.swaps_remaining, wanted.swaps_before):
            raise ambiguous(
                f"the number has {found.swaps_remaining} swaps left, and had {wanted.swaps_before} "
                f"before, and it still shows SIM {found.iccid}"
            )
        return absent

    async def _swapped(self, wanted: SwapSim) -> SimRecord:
        """The SIM of the number; `confirmed` if it is the wanted one."""
        sim = await self.read_sim(wanted.phone_number)
        if telegent.same_iccid(sim.iccid, wanted.iccid_before) or not sim.iccid:
            return sim
        if wanted.iccid and not telegent.same_iccid(sim.iccid, wanted.iccid):
            raise ambiguous(
                f"the number is on SIM {sim.iccid}, which is neither {wanted.iccid} nor the one "
                f"before, {wanted.iccid_before or '(none)'}"
            )
        return sim.model_copy(update={"confirmed": True})

    @activity.defn
    async def await_swapped_sim(self, wanted: SwapSim, ordered: SimRecord) -> SimRecord:
        """Returns the new SIM, as soon as the number shows it.

        Raises:
            ApplicationError: `Rejected` when the order has failed; `Ambiguous` when it is complete,
                and the number does not show another SIM after the read lag.
        """
        found = await self._swapped(wanted)
        if found.confirmed:
            return found.model_copy(
                update={
                    "activation_code": found.activation_code or ordered.activation_code,
                    "order_id": ordered.order_id,
                }
            )
        shown = f"the number still shows SIM {found.iccid}"
        shown = await require_complete(self.api, self.settings, ordered.order_id or "", shown)
        raise not_shown(self.settings, shown)

    @activity.defn
    async def verify_named_sim(self, wanted: SwapSim, iccid: str) -> SimRecord:
        """Returns the SIM that an operator names, if the number shows it.

        Raises:
            ApplicationError: `Ambiguous` when it does not.
        """
        sim = await self.read_sim(wanted.phone_number)
        if not telegent.same_iccid(sim.iccid, iccid):
            raise ambiguous(f"the number shows SIM {sim.iccid}, not {iccid}")
        return sim

    @create_activity(
        CreateSpec(
            line_write_specs.SWAP_SIM,
            find_swapped_sim,
            adopt=verify_named_sim,
            confirm=await_swapped_sim,
            is_confirmed=lambda record: record.confirmed,
        )
    )
    async def swap_sim(self, request: SwapSim) -> SimRecord:
        """Swap the SIM. Never repeat this without having read the number."""
        now = activity.info().started_time.astimezone(self.settings.time_zone)
        number = telegent.StatusChangeNumber(number=request.phone_number, iccid=request.iccid)
        order = await self.api.numbers.change_status(
            telegent.StatusChange(
                status_change="swap-sim", effective_date=now.date(), phone_numbers=[number]
            )
        )
        codes = [parse_activation_code(row.qr_code) for row in order.numbers or ()]
        return SimRecord(order_id=order.order_id, activation_code=next(filter(None, codes), None))


def _fewer(swaps: int | None, before: int | None) -> bool:
    """Whether a swap was used. The count also rises, when Telegent resets it."""
    return swaps is not None and before is not None and swaps < before


def _to_record(number: telegent.Number) -> SimRecord:
    return SimRecord(
        iccid=number.iccid,
        activation_code=parse_activation_code(number.qr_code),
        swaps_remaining=number.swaps_remaining,
    )
