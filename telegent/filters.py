"""AI Guardian's filters: of calls (CFID-...) and of messages (MFID-...).

Guardian must be enabled for the subscriber. Both kinds of filters have the same operations, with
their own paths and field names.
"""

import json
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer

from telegent._models import E164, Id, RequestModel, ResponseModel, Text, WireNames
from telegent._requester import ListOf, Requester, Resource


class KeywordFilter(RequestModel):
    """Keywords of a filter, sent as JSON inside a text field.

    `severity_map` gives the severity of a word: ``HIGH``, ``MEDIUM`` or ``LOW``.
    """

    custom_keywords: list[str] = []
    system_keywords: dict[str, list[str]] = {}
    severity_map: dict[str, str] = {}


class KeywordFilterResponse(ResponseModel):
    """Keywords of a filter."""

    custom_keywords: list[str] | None = None
    system_keywords: dict[str, list[str]] | None = None
    severity_map: dict[str, str] | None = None


def _to_text(keywords: KeywordFilter | None) -> str | None:
    return None if keywords is None else json.dumps(keywords.body())


def _from_text(value: Any) -> Any:
    # One of the vendor's samples sends the text without its outer braces.
    if not isinstance(value, str):
        return value
    text = value.strip()
    return json.loads(text if text.startswith("{") else f"{{{text}}}")


KeywordText = Annotated[KeywordFilter | None, PlainSerializer(_to_text, return_type=str | None)]
KeywordTextResponse = Annotated[KeywordFilterResponse | None, BeforeValidator(_from_text)]
FilterId = Annotated[Id, WireNames("CallFilterId", "MessageFilterId")]
"""The vendor spells the name of a filter's id in several ways."""


class _FilterSettings(RequestModel):
    subscriber_id: Text
    phone: E164
    keyword_filter: KeywordText = None
    notification_phones: list[E164] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None


class _CallFilterSettings(_FilterSettings):
    allowed_numbers: list[E164] | None = None
    blocked_numbers: list[E164] | None = None
    enable_transcription: bool | None = None
    transcription_action: Literal["WARNING", "TERMINATE", "NOTIFY"] | None = None
    warning_message: str | None = None
    block_international: bool | None = None
    record_flagged_calls: bool | None = None


class CallFilterCreate(_CallFilterSettings):
    """A new filter for one of the subscriber's numbers, which must have voice.

    The age modes need a guardian relation, and are not enabled for MVNO voice (best practices,
    section 10).
    """

    filter_mode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"]


class CallFilterUpdate(_CallFilterSettings):
    """The complete new configuration of a filter: fields that are left out lose their value."""

    filter_id: Text
    filter_mode: Literal["WHITELIST", "BLACKLIST"] | None = None


class MessageFilterCreate(_FilterSettings):
    """A new filter for one of the subscriber's numbers; the vendor rejects a second one.

    Allowed contacts bypass all checks; messages of blocked ones are dropped without notice.

    Attributes:
        undocumented: Sent in addition to the other fields: fields that the vendor has named to you
            and no document names, such as that of the age level (best practices, section 10.3).
    """

    filter_mode: Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] | None = None
    allowed_contacts: list[E164] | None = None
    blocked_contacts: list[E164] | None = None
    block_links: bool | None = None
    block_media: bool | None = None
    undocumented: Annotated[dict[str, str], Field(exclude=True)] = {}

    def body(self) -> dict[str, object]:
        """Return the JSON body, including the undocumented fields."""
        return super().body() | self.undocumented


class MessageFilterUpdate(MessageFilterCreate):
    """The new configuration of a filter."""

    filter_id: Text


class FilterEntries(RequestModel):
    """Numbers to add to or remove from a list of a filter."""

    subscriber_id: Text
    filter_id: Text
    entries: Annotated[list[E164], Field(min_length=1)]


class _Filter(ResponseModel):
    filter_id: FilterId
    subscriber_id: str | None = None
    phone: str | None = None
    filter_mode: str | None = None
    keyword_filter: KeywordTextResponse = None
    notification_phones: list[str] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None


class CallFilter(_Filter):
    """A call filter."""

    allowed_numbers: list[str] | None = None
    blocked_numbers: list[str] | None = None
    enable_transcription: bool | None = None
    transcription_action: str | None = None
    warning_message: str | None = None
    block_international: bool | None = None
    record_flagged_calls: bool | None = None


class MessageFilter(_Filter):
    """A message filter."""

    allowed_contacts: list[str] | None = None
    blocked_contacts: list[str] | None = None
    block_links: bool | None = None
    block_media: bool | None = None


class _FilterEntriesResponse(ResponseModel):
    entries: Annotated[
        list[str],
        WireNames("AllowedNumbers", "BlockedNumbers", "AllowedContacts", "BlockedContacts"),
    ]


NewFilter = TypeVar("NewFilter", bound=_FilterSettings)
ChangedFilter = TypeVar("ChangedFilter", bound=_FilterSettings)
AnyFilter = TypeVar("AnyFilter", bound=_Filter)

Entries = list[str]
"""Entries of a list, under a name that a class with a method `list` can use."""


class Filters(Resource, Generic[NewFilter, ChangedFilter, AnyFilter]):
    """The filters of one kind.

    Args:
        requester: Sends the requests.
        kind: The vendor's name of this kind of filter, as in its paths, e.g. ``call-filter``.
        model: A filter of this kind.
        entry: The vendor's name of an entry of its lists, e.g. ``Numbers``.
    """

    def __init__(self, requester: Requester, kind: str, model: type[AnyFilter], entry: str) -> None:
        super().__init__(requester)
        self._path = f"/v1.0/subscribers/{kind}"
        self._id_name = "".join(word.capitalize() for word in kind.split("-")) + "Id"
        self._model = model
        self._entry = entry

    async def create(self, request: NewFilter) -> AnyFilter:
        """Create a filter."""
        return await self._requester.post(self._path, self._model, request)

    async def list(
        self, subscriber_id: str, phone: str, account_id: str | None = None
    ) -> ListOf[AnyFilter]:
        """List the filters of one of the subscriber's numbers (E.164).

        The list may miss a message filter with which a create then conflicts (knowledge bank). Only
        Telegent's support can resolve that.
        """
        query = {"SubscriberId": subscriber_id, "Phone": phone, "AccountId": account_id}
        return await self._requester.get_list(self._path, self._model, query)

    async def update(self, request: ChangedFilter) -> AnyFilter:
        """Replace a filter's configuration."""
        return await self._requester.post(f"{self._path}/update", self._model, request)

    async def delete(self, filter_id: str) -> None:
        """Delete a filter permanently."""
        await self._requester.delete(f"{self._path}/delete", {self._id_name: filter_id})

    async def keywords(self, subscriber_id: str, filter_id: str) -> KeywordFilterResponse:
        """Read the keywords of a filter."""
        query = self._ids(subscriber_id, filter_id)
        return await self._requester.get(f"{self._path}/keywords", KeywordFilterResponse, query)

    async def allowed(self, subscriber_id: str, filter_id: str) -> Entries:
        """List the entries that bypass the filter."""
        return await self._entries("allowed", subscriber_id, filter_id)

    async def add_allowed(self, request: FilterEntries) -> Entries:
        """Add entries that bypass the filter; returns the whole list."""
        return await self._edit("allowed", "add", request)

    async def remove_allowed(self, request: FilterEntries) -> Entries:
        """Remove entries that bypass the filter; returns the whole list."""
        return await self._edit("allowed", "remove", request)

    async def blocked(self, subscriber_id: str, filter_id: str) -> Entries:
        """List the entries that the filter blocks."""
        return await self._entries("blocked", subscriber_id, filter_id)

    async def add_blocked(self, request: FilterEntries) -> Entries:
        """Add entries that the filter blocks; returns the whole list."""
        return await self._edit("blocked", "add", request)

    async def remove_blocked(self, request: FilterEntries) -> Entries:
        """Remove entries that the filter blocks; returns the whole list."""
        return await self._edit("blocked", "remove", request)

    async def _entries(self, which: str, subscriber_id: str, filter_id: str) -> Entries:
        path = f"{self._path}/{which}-{self._entry.lower()}"
        query = self._ids(subscriber_id, filter_id)
        rows_name = which.capitalize() + self._entry
        return await self._requester.get_texts(path, query, rows_name=rows_name)

    async def _edit(self, which: str, verb: str, request: FilterEntries) -> Entries:
        path = f"{self._path}/{which}-{self._entry.lower()}/{verb}"
        ids = self._ids(request.subscriber_id, request.filter_id)
        body = {**ids, self._entry: request.entries}
        return (await self._requester.post(path, _FilterEntriesResponse, body)).entries

    def _ids(self, subscriber_id: str, filter_id: str) -> dict[str, str]:
        return {"SubscriberId": subscriber_id, self._id_name: filter_id}
