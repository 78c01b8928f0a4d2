"""Subscribers (TSUID-...): the users of an account's lines."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field

from telegent._models import E164, Email, Id, NullAsEmpty, RequestModel, ResponseModel, Text
from telegent._pages import paginate
from telegent._requester import Resource

Role = Literal["Subscriber", "Manager", "Account Admin"]

_LIST = "/v1.0/distributor/subscribers"


class SubscriberCreate(RequestModel):
    """A new subscriber. The e-mail address is unique across the whole platform.

    Leave `phone_numbers` empty for a line that is not provisioned yet (best practices, section 3).
    """

    name: Text
    email: Email
    phone_numbers: list[E164] = []
    role: Role
    password: Annotated[str, Field(min_length=1, repr=False)]
    account_id: Text


class SubscriberUpdate(RequestModel):
    """New values of a subscriber. Only given fields change; the e-mail address cannot change."""

    subscriber_id: Text
    name: Text | None = None
    phone_numbers: Annotated[
        list[E164] | None,
        Field(description="whether it replaces or adds is not documented"),
    ] = None
    role: Role | None = None
    password: Annotated[str | None, Field(min_length=1, repr=False)] = None


class SubscriberTransfer(RequestModel):
    """Transfer to another account, with subscriptions and numbers."""

    subscriber_id: Text
    from_account_id: Text
    to_account_id: Text


class SubscriberAccount(ResponseModel):
    """The account of a subscriber."""

    account_id: str | None = None
    company_name: str | None = None


class Subscriber(ResponseModel):
    """A subscriber."""

    subscriber_id: Id
    name: str | None = None
    email: str | None = None
    phone_numbers: list[str] | None = None
    role: str | None = None
    account: SubscriberAccount | None = None

    @property
    def account_id(self) -> str | None:
        """The account's id; None where the vendor omits the account, as in lists."""
        return self.account.account_id if self.account else None


class SubscriberPage(ResponseModel):
    """One page of the subscribers of all accounts of the distributor."""

    page_number: int | None = None
    total_subscribers: int | None = None
    subscribers: Annotated[list[Subscriber], NullAsEmpty]


class Subscribers(Resource):
    """Create, read, update and transfer subscribers."""

    async def create(self, request: SubscriberCreate) -> Subscriber:
        """Create a subscriber."""
        return await self._requester.post("/v1.0/subscribers/create", Subscriber, request)

    async def get(self, subscriber_id: str) -> Subscriber:
        """Read one subscriber."""
        return await self._requester.get(
            "/v1.0/subscribers/get", Subscriber, {"SubscriberId": subscriber_id}
        )

    async def update(self, request: SubscriberUpdate) -> Subscriber:
        """Update a subscriber."""
        return await self._requester.post("/v1.0/subscribers/update", Subscriber, request)

    async def transfer(self, request: SubscriberTransfer) -> Subscriber:
        """Transfer a subscriber to another account."""
        return await self._requester.post("/v1.0/subscribers/transfer", Subscriber, request)

    async def page(self, page_number: int = 1, total_per_page: int = 100) -> SubscriberPage:
        """Read one page, counted from 1. The maximum page size is not documented."""
        query = {"PageNumber": page_number, "TotalPerPage": total_per_page}
        return await self._requester.get(_LIST, SubscriberPage, query)

    def all(self) -> AsyncIterator[Subscriber]:
        """Yield every subscriber of the distributor, one request per hundred.

        Raises:
            OutcomeUnknownError: At the end, if there are fewer subscribers than the stated total.
        """

        async def fetch(page: int) -> tuple[list[Subscriber], int | None]:
            found = await self.page(page)
            return found.subscribers, found.total_subscribers

        return paginate(f"GET {_LIST}", fetch, lambda row: row.subscriber_id)
