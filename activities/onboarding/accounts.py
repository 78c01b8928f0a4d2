"""Accounts: creating one, and finding the one that a lost answer created."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Look, only, settled
from activities.support.write_activity import creation
from telegent import Telegent
from telegent_orchestrator._models import Payload
from telegent_orchestrator.onboarding import Address, NewAccount


class FindAccount(Look):
    """Look for the account with this marked name."""

    marked_name: str


class CreateAccount(Payload):
    """An account under the name that it can be found by."""

    marked_name: str
    account: NewAccount

    def look(self, *, until: datetime | None = None) -> FindAccount:
        """Look for this account."""
        return FindAccount(marked_name=self.marked_name, until=until)


@dataclass(frozen=True)
class AccountActivities:
    """Calls about accounts."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn(name="find_account")
    async def find(self, wanted: FindAccount) -> str | None:
        """Id of the account with this marked name, if there is one."""
        found = [
            account.account_id
            for account in await self.api.accounts.list()
            if account.account_name == wanted.marked_name
        ]
        return settled(only(found, "accounts"), wanted, self.settings.read_lag)

    @creation(write_specs.CREATE_ACCOUNT, find)
    async def create(self, wanted: CreateAccount) -> str:
        """Create the account; returns its id."""
        created = await self.api.accounts.create(
            telegent.AccountCreate(
                account_name=wanted.marked_name,
                account_admin=wanted.account.admin_email,
                billing_address=_address(wanted.account.billing_address),
                mailing_address=_address(wanted.account.mailing_address),
            )
        )
        return created.account_id


def _address(address: Address | None) -> telegent.Address | None:
    return telegent.Address(**address.model_dump()) if address else None
