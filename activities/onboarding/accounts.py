"""Accounts: creating one, and looking it up after a lost response."""

from dataclasses import dataclass

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.write_activity import (
    CreateSpec,
    Lookup,
    Wanted,
    at_most_one,
    create_activity,
    found_or_pending,
)
from telegent import Telegent
from telegent_orchestrator.onboarding import Address, NewAccount


class CreateAccount(Wanted):
    """An account under the name that it can be found by."""

    marked_name: str
    account: NewAccount

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the account"


@dataclass(frozen=True)
class AccountActivities:
    """Calls about accounts."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_account(self, lookup: Lookup[CreateAccount]) -> str | None:
        """The id of the account with this marked name, if it exists."""
        found = [
            account.account_id
            for account in await self.api.accounts.list()
            if telegent.same_text(account.account_name, lookup.wanted.marked_name)
        ]
        return found_or_pending(
            at_most_one(found, "accounts"), lookup.created_before, self.settings.read_lag
        )

    @create_activity(CreateSpec(write_specs.CREATE_ACCOUNT, find_account))
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
