"""Accounts: creating one, and finding the one that a lost answer created."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Lookup, at_most_one, found_or_pending
from activities.support.write_activity import create_activity
from telegent import Telegent
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.onboarding import Address, NewAccount


class FindAccount(Lookup):
    """Look for the account with this marked name."""

    marked_name: str


class CreateAccount(WireModel):
    """An account under the name that it can be found by."""

    marked_name: str
    account: NewAccount

    def lookup(self, *, created_before: datetime | None = None) -> FindAccount:
        """Look for this account."""
        return FindAccount(marked_name=self.marked_name, created_before=created_before)


@dataclass(frozen=True)
class AccountActivities:
    """Calls about accounts."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_account(self, lookup: FindAccount) -> str | None:
        """Id of the account with this marked name, if there is one."""
        found = [
            account.account_id
            for account in await self.api.accounts.list()
            if account.account_name == lookup.marked_name
        ]
        return found_or_pending(at_most_one(found, "accounts"), lookup, self.settings.read_lag)

    @create_activity(write_specs.CREATE_ACCOUNT, find_account)
    async def create_account(self, request: CreateAccount) -> str:
        """Create the account; returns its id."""
        created = await self.api.accounts.create(
            telegent.AccountCreate(
                account_name=request.marked_name,
                account_admin=request.account.admin_email,
                billing_address=_address(request.account.billing_address),
                mailing_address=_address(request.account.mailing_address),
            )
        )
        return created.account_id


def _address(address: Address | None) -> telegent.Address | None:
    return telegent.Address(**address.model_dump()) if address else None
