"""Accounts (AID-...): families or businesses of the distributor whose key is used."""

from typing import Annotated

from pydantic import Field

from telegent._models import Address, AddressResponse, Email, Id, RequestModel, ResponseModel, Text
from telegent._requester import ListOf, Resource


class AccountCreate(RequestModel):
    """A new account. Names need not be unique: a repeat may create a second account."""

    account_name: Text
    account_admin: Annotated[
        Email | None, Field(description="the manager's e-mail address; no response contains it")
    ] = None
    billing_address: Address | None = None
    mailing_address: Address | None = None


class AccountUpdate(RequestModel):
    """New values of an account. Only given fields change.

    The vendor documents no field that names the account. Which one changes if the key has several
    is unknown: check `account_id` in the response.
    """

    account_name: Text | None = None
    billing_address: Address | None = None
    mailing_address: Address | None = None


class Account(ResponseModel):
    """An account."""

    account_id: Id
    account_name: str | None = None
    total_subscribers: int | None = None
    billing_address: AddressResponse | None = None
    mailing_address: AddressResponse | None = None


class Accounts(Resource):
    """Create, read and update accounts."""

    async def create(self, request: AccountCreate) -> Account:
        """Create an account."""
        return await self._requester.post("/v1.0/account/create", Account, request)

    async def get(self, account_id: str) -> Account:
        """Read one account."""
        return await self._requester.get("/v1.0/account", Account, {"AccountId": account_id})

    async def update(self, request: AccountUpdate) -> Account:
        """Update the account."""
        return await self._requester.post("/v1.0/account/update", Account, request)

    async def list(self) -> ListOf[Account]:
        """List all accounts of the distributor."""
        return await self._requester.get_list("/v1.0/distributor/accounts", Account, {})
