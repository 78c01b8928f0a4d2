"""AI Guardian's message filters (MFID-...). Guardian must be on for the subscriber."""

from typing import Annotated, Literal

from pydantic import Field

from telegent._filters import (
    FilterId,
    KeywordFilterResponse,
    KeywordText,
    KeywordTextResponse,
)
from telegent._models import E164, RequestModel, ResponseModel, Text
from telegent._requester import Resource

_PATH = "/v1.0/subscribers/message-filter"


class MessageFilterCreate(RequestModel):
    """A new filter for one of the subscriber's numbers; the vendor rejects a second one.

    Allowed contacts pass every check; blocked ones are dropped without a word. `undocumented` is
    sent beside the other fields: it is for what the vendor has told you and no document names,
    such as the field that carries an age level (best practices, section 10.3).
    """

    subscriber_id: Text
    phone: E164
    filter_mode: Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] | None = None
    allowed_contacts: list[E164] | None = None
    blocked_contacts: list[E164] | None = None
    keyword_filter: KeywordText = None
    notification_phones: list[E164] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None
    block_links: bool | None = None
    block_media: bool | None = None
    undocumented: Annotated[dict[str, str], Field(exclude=True)] = {}

    def body(self) -> dict[str, object]:
        """The JSON body, with the undocumented fields beside the documented ones."""
        return super().body() | self.undocumented


class MessageFilterUpdate(MessageFilterCreate):
    """The filter's new configuration.

    The key of the id is not documented for this call; ``MessageFilterId`` is what the calls that
    edit the filter's lists use.
    """

    message_filter_id: Text


class MessageFilterContacts(RequestModel):
    """Contacts to add to, or remove from, a list of the filter."""

    subscriber_id: Text
    message_filter_id: Text
    contacts: Annotated[list[E164], Field(min_length=1)]


class MessageFilter(ResponseModel):
    """A message filter."""

    filter_id: FilterId
    subscriber_id: str | None = None
    phone: str | None = None
    filter_mode: str | None = None
    allowed_contacts: list[str] | None = None
    blocked_contacts: list[str] | None = None
    keyword_filter: KeywordTextResponse = None
    notification_phones: list[str] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None
    block_links: bool | None = None
    block_media: bool | None = None


class _AllowedContacts(ResponseModel):
    allowed_contacts: list[str]


class _BlockedContacts(ResponseModel):
    blocked_contacts: list[str]


class MessageFilters(Resource):
    """The part of `Guardian` that is about messages."""

    async def create_message_filter(self, request: MessageFilterCreate) -> MessageFilter:
        """Create a filter."""
        return await self._requester.post(_PATH, MessageFilter, request)

    async def message_filters(
        self, subscriber_id: str, phone: str, account_id: str | None = None
    ) -> list[MessageFilter]:
        """The filters of one of the subscriber's numbers (E.164).

        May miss one which a create then collides with (knowledge bank); only support can help.
        """
        query = {"SubscriberId": subscriber_id, "Phone": phone, "AccountId": account_id}
        return await self._requester.get_list(_PATH, MessageFilter, query)

    async def update_message_filter(self, request: MessageFilterUpdate) -> MessageFilter:
        """Change a filter."""
        return await self._requester.post(f"{_PATH}/update", MessageFilter, request)

    async def delete_message_filter(self, subscriber_id: str, message_filter_id: str) -> None:
        """Delete a filter for good. Its body is not documented: as for the filter's lists."""
        await self._requester.delete(f"{_PATH}/delete", _ids(subscriber_id, message_filter_id))

    async def message_filter_keywords(
        self, subscriber_id: str, message_filter_id: str
    ) -> KeywordFilterResponse:
        """The words a filter looks for."""
        query = _ids(subscriber_id, message_filter_id)
        return await self._requester.get(f"{_PATH}/keywords", KeywordFilterResponse, query)

    async def allowed_contacts(self, subscriber_id: str, message_filter_id: str) -> list[str]:
        """The contacts that pass. The query's names are undocumented: as for the keywords."""
        query = _ids(subscriber_id, message_filter_id)
        found = await self._requester.get(f"{_PATH}/allowed-contacts", _AllowedContacts, query)
        return found.allowed_contacts

    async def add_allowed_contacts(self, request: MessageFilterContacts) -> list[str]:
        """Let more contacts pass; returns the whole list."""
        path = f"{_PATH}/allowed-contacts/add"
        return (await self._requester.post(path, _AllowedContacts, request)).allowed_contacts

    async def remove_allowed_contacts(self, request: MessageFilterContacts) -> list[str]:
        """Let fewer contacts pass; returns the whole list."""
        path = f"{_PATH}/allowed-contacts/remove"
        return (await self._requester.post(path, _AllowedContacts, request)).allowed_contacts

    async def blocked_contacts(self, subscriber_id: str, message_filter_id: str) -> list[str]:
        """The contacts that are dropped. The query's names are undocumented."""
        query = _ids(subscriber_id, message_filter_id)
        found = await self._requester.get(f"{_PATH}/blocked-contacts", _BlockedContacts, query)
        return found.blocked_contacts

    async def add_blocked_contacts(self, request: MessageFilterContacts) -> list[str]:
        """Drop more contacts; returns the whole list."""
        path = f"{_PATH}/blocked-contacts/add"
        return (await self._requester.post(path, _BlockedContacts, request)).blocked_contacts

    async def remove_blocked_contacts(self, request: MessageFilterContacts) -> list[str]:
        """Drop fewer contacts; returns the whole list."""
        path = f"{_PATH}/blocked-contacts/remove"
        return (await self._requester.post(path, _BlockedContacts, request)).blocked_contacts


def _ids(subscriber_id: str, message_filter_id: str) -> dict[str, str]:
    return {"SubscriberId": subscriber_id, "MessageFilterId": message_filter_id}
