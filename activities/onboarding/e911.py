"""E911 addresses: an idempotent write."""

from dataclasses import dataclass

import telegent
from activities.support import write_specs
from activities.support.write_activity import write_activity
from telegent import Telegent
from telegent_orchestrator.lines import E911Address


@dataclass(frozen=True)
class E911Activities:
    """Calls about E911 addresses."""

    api: Telegent

    @write_activity(write_specs.SET_E911_ADDRESS)
    async def set_e911_address(self, number: str, address: E911Address, account_id: str) -> None:
        """Set where emergency services go when the number calls 911."""
        await self.api.numbers.set_e911_address(
            telegent.E911AddressUpdate(
                phone_number=number, **address.model_dump(), account_id=account_id
            )
        )
