"""AI Guardian's call filters (CFID-...). Guardian must be on for the subscriber."""

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

_PATH = "/v1.0/subscribers/call-filter"


class _CallFilterSettings(RequestModel):
    subscriber_id: Text
    phone: E164
    allowed_numbers: list[E164] | None = None
    blocked_numbers: list[E164] | None = None
    enable_transcription: bool | None = None
    keyword_filter: KeywordText = None
    transcription_action: Literal["WARNING", "TERMINATE", "NOTIFY"] | None = None
    warning_message: str | None = None
    notification_phones: list[E164] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None
    block_international: bool | None = None
    record_flagged_calls: bool | None = None


class CallFilterCreate(_CallFilterSettings):
    """A new filter for one of the subscriber's numbers.

    The age modes need a parent, and are not enabled for MVNO voice (best practices, section 10).
    """

    filter_mode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"] | None = None


class CallFilterUpdate(_CallFilterSettings):
    """The filter's whole new configuration: what is left out does not keep its value.

    The key of the id is not documented for this call; ``CallFilterId`` is what the calls that
    edit the filter's lists use.
    """

    call_filter_id: Text
    filter_mode: Literal["WHITELIST", "BLACKLIST"] | None = None


class CallFilterNumbers(RequestModel):
    """Numbers to add to, or remove from, a list of the filter."""

    subscriber_id: Text
    call_filter_id: Text
    numbers: Annotated[list[E164], Field(min_length=1)]


class CallFilter(ResponseModel):
    """A call filter."""

    filter_id: FilterId
    subscriber_id: str | None = None
    phone: str | None = None
    filter_mode: str | None = None
    allowed_numbers: list[str] | None = None
    blocked_numbers: list[str] | None = None
    enable_transcription: bool | None = None
    keyword_filter: KeywordTextResponse = None
    transcription_action: str | None = None
    warning_message: str | None = None
    notification_phones: list[str] | None = None
    apply_to_outbound: bool | None = None
    apply_to_inbound: bool | None = None
    block_unknown_numbers: bool | None = None
    block_international: bool | None = None
    record_flagged_calls: bool | None = None


class _AllowedNumbers(ResponseModel):
    allowed_numbers: list[str]


class _BlockedNumbers(ResponseModel):
    blocked_numbers: list[str]


class CallFilters(Resource):
    """The part of `Guardian` that is about calls."""

    async def create_call_filter(self, request: CallFilterCreate) -> CallFilter:
        """Create a filter."""
        return await self._requester.post(_PATH, CallFilter, request)

    async def call_filters(
        self, subscriber_id: str, phone: str, account_id: str | None = None
    ) -> list[CallFilter]:
        """The filters of one of the subscriber's numbers (E.164)."""
        query = {"SubscriberId": subscriber_id, "Phone": phone, "AccountId": account_id}
        return await self._requester.get_list(_PATH, CallFilter, query)

    async def update_call_filter(self, request: CallFilterUpdate) -> CallFilter:
        """Replace a filter's configuration."""
        return await self._requester.post(f"{_PATH}/update", CallFilter, request)

    async def delete_call_filter(self, subscriber_id: str, call_filter_id: str) -> None:
        """Delete a filter for good. Its body is not documented: as for the filter's lists."""
        await self._requester.delete(f"{_PATH}/delete", _ids(subscriber_id, call_filter_id))

    async def call_filter_keywords(
        self, subscriber_id: str, call_filter_id: str
    ) -> KeywordFilterResponse:
        """The words a filter looks for."""
        query = _ids(subscriber_id, call_filter_id)
        return await self._requester.get(f"{_PATH}/keywords", KeywordFilterResponse, query)

    async def allowed_numbers(self, subscriber_id: str, call_filter_id: str) -> list[str]:
        """The numbers that pass. The query's names are undocumented: as for the keywords."""
        query = _ids(subscriber_id, call_filter_id)
        found = await self._requester.get(f"{_PATH}/allowed-numbers", _AllowedNumbers, query)
        return found.allowed_numbers

    async def add_allowed_numbers(self, request: CallFilterNumbers) -> list[str]:
        """Let more numbers pass; returns the whole list."""
        path = f"{_PATH}/allowed-numbers/add"
        return (await self._requester.post(path, _AllowedNumbers, request)).allowed_numbers

    async def remove_allowed_numbers(self, request: CallFilterNumbers) -> list[str]:
        """Let fewer numbers pass; returns the whole list."""
        path = f"{_PATH}/allowed-numbers/remove"
        return (await self._requester.post(path, _AllowedNumbers, request)).allowed_numbers

    async def blocked_numbers(self, subscriber_id: str, call_filter_id: str) -> list[str]:
        """The numbers that are stopped. The query's names are undocumented: as for the keywords."""
        query = _ids(subscriber_id, call_filter_id)
        found = await self._requester.get(f"{_PATH}/blocked-numbers", _BlockedNumbers, query)
        return found.blocked_numbers

    async def add_blocked_numbers(self, request: CallFilterNumbers) -> list[str]:
        """Stop more numbers; returns the whole list."""
        path = f"{_PATH}/blocked-numbers/add"
        return (await self._requester.post(path, _BlockedNumbers, request)).blocked_numbers

    async def remove_blocked_numbers(self, request: CallFilterNumbers) -> list[str]:
        """Stop fewer numbers; returns the whole list."""
        path = f"{_PATH}/blocked-numbers/remove"
        return (await self._requester.post(path, _BlockedNumbers, request)).blocked_numbers


def _ids(subscriber_id: str, call_filter_id: str) -> dict[str, str]:
    return {"SubscriberId": subscriber_id, "CallFilterId": call_filter_id}
