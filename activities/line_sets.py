"""Which lines belong to a subscriber or an account."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.support.number_states import NumberState, number_state
from activities.support.outcomes import rejected
from activities.support.shared_list import SharedList
from telegent import Telegent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.line_change_sets import MAX_LINES, LinesOf


class OwnedLines(WireModel):
    """The numbers that are not cancelled, of the subscriber or the account that was asked for.

    Attributes:
        phone_numbers: Those that belong there.
        of_unknown_account: Those of each subscriber whose account the list does not show.
    """

    phone_numbers: list[str] = []
    of_unknown_account: dict[str, list[str]] = {}


@dataclass(frozen=True)
class LineSetActivities:
    """Lookups of numbers by whom they belong to. The vendor has no search for either."""

    api: Telegent
    inventory: SharedList[telegent.Number]
    all_subscribers: SharedList[telegent.Subscriber]

    @activity.defn
    async def list_lines_of(self, lines_of: LinesOf) -> OwnedLines:
        """Returns the numbers of a subscriber, or those that are or may be an account's.

        Raises:
            ApplicationError: `Rejected` when the account of too many subscribers is not listed.
        """
        numbers = await self._numbers_by_owner()
        if lines_of.subscriber_id:
            owner = telegent.id_key(lines_of.subscriber_id)
            return OwnedLines(phone_numbers=numbers.get(owner, []))
        found = OwnedLines()
        for subscriber in await self.all_subscribers.rows():
            owned = numbers.pop(telegent.id_key(subscriber.subscriber_id), [])
            if telegent.same_id(subscriber.account_id, lines_of.account_id):
                found.phone_numbers += owned
            elif owned and not subscriber.account_id:
                # The vendor's own sample of the list shows no account.
                found.of_unknown_account[subscriber.subscriber_id] = owned
        if (unknown := len(found.of_unknown_account)) > MAX_LINES:
            raise rejected(
                f"Telegent's list does not show the account of {unknown} subscribers, too many to "
                "read each: name each subscriber"
            )
        return found

    async def _numbers_by_owner(self) -> dict[str, list[str]]:
        numbers: dict[str, dict[str, None]] = {}
        for row in await self.inventory.rows():
            if row.assigned_subscriber_id and number_state(row.status) is not NumberState.GONE:
                owner = telegent.id_key(row.assigned_subscriber_id)
                # The list may repeat a row.
                numbers.setdefault(owner, {})[row.number] = None
        return {owner: list(owned) for owner, owned in numbers.items()}

    @activity.defn
    async def check_account(self, subscriber_id: str, account_id: str) -> bool:
        """Returns whether a subscriber belongs to an account."""
        subscriber = await self.api.subscribers.get(subscriber_id)
        return telegent.same_id(subscriber.account_id, account_id)
