"""AI Guardian filters of calls and of messages, which differ in the names of fields."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel

from simulator.engine.errors import invalid
from simulator.engine.fields import E164, Body, Json, Query, ResponseBody, Text
from simulator.engine.state import SimulatorState
from simulator.resources.guardian import is_guardian_enabled

AGE_MODES = ("CHILD", "TEENAGER", "ADOLESCENT")


def _is_json_object(text: str) -> str:
    try:
        stored = json.loads(text)
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise ValueError("KeywordFilter must be a JSON object written as a string")
    return text


KeywordText = Annotated[str, AfterValidator(_is_json_object)]


class CallSettings(Body):
    """Settings of a call filter, without its mode."""

    AllowedNumbers: list[E164] | None = None
    BlockedNumbers: list[E164] | None = None
    EnableTranscription: bool | None = None
    KeywordFilter: KeywordText | None = None
    TranscriptionAction: Literal["WARNING", "TERMINATE", "NOTIFY"] | None = None
    WarningMessage: str | None = None
    NotificationPhones: list[E164] | None = None
    ApplyToOutbound: bool | None = None
    ApplyToInbound: bool | None = None
    BlockUnknownNumbers: bool | None = None
    BlockInternational: bool | None = None
    RecordFlaggedCalls: bool | None = None
    TimeRestrictions: dict[str, Any] | None = None


class CreateCallFilter(CallSettings):
    """POST subscribers/call-filter."""

    SubscriberId: Text
    Phone: E164
    FilterMode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"]


class MessageSettings(Body):
    """Settings of a message filter."""

    FilterMode: Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] | None = None
    AllowedContacts: list[E164] | None = None
    BlockedContacts: list[E164] | None = None
    KeywordFilter: KeywordText | None = None
    NotificationPhones: list[E164] | None = None
    ApplyToOutbound: bool | None = None
    ApplyToInbound: bool | None = None
    BlockUnknownNumbers: bool | None = None
    BlockLinks: bool | None = None
    BlockMedia: bool | None = None


class CreateMessageFilter(MessageSettings):
    """POST subscribers/message-filter."""

    SubscriberId: Text
    Phone: E164


class UpdateCallFilter(CallSettings):
    """POST .../call-filter/update; age modes cannot be set here."""

    FilterId: Text
    SubscriberId: str | None = None
    Phone: E164 | None = None
    FilterMode: Literal["WHITELIST", "BLACKLIST"] | None = None


class UpdateMessageFilter(MessageSettings):
    """POST .../message-filter/update."""

    FilterId: Text
    SubscriberId: str | None = None
    Phone: E164 | None = None


class DeleteCallFilter(Body):
    """POST .../call-filter/delete."""

    CallFilterId: Text


class DeleteMessageFilter(Body):
    """POST .../message-filter/delete."""

    MessageFilterId: Text


class FilterQuery(Query):
    """GET the filters of one kind, where no parameter is required."""

    SubscriberId: str | None = None
    Phone: E164 | None = None
    AccountId: str | None = None


class FilterPartQuery(Query):
    """GET the keywords or lists of a filter."""

    SubscriberId: Text


class CallFilterQuery(FilterPartQuery):
    """GET the keywords or lists of a call filter."""

    CallFilterId: Text


class MessageFilterQuery(FilterPartQuery):
    """GET the keywords or lists of a message filter."""

    MessageFilterId: Text


class EditList(Body):
    """Fields of the list edits of both kinds."""

    SubscriberId: Text


class EditNumbers(EditList):
    """POST .../allowed-numbers/add and its three siblings."""

    CallFilterId: Text
    Numbers: list[E164]


class EditContacts(EditList):
    """POST .../allowed-contacts/add and its three siblings."""

    MessageFilterId: Text
    Contacts: list[E164]


@dataclass(frozen=True)
class FilterFamily:
    """Operations of one kind of filter, with what differs between the kinds."""

    kind: str
    prefix: str
    feature: str
    id_field: str
    entries: str

    def create(
        self, state: SimulatorState, body: CreateCallFilter | CreateMessageFilter
    ) -> ResponseBody:
        """Create a filter. The subscriber needs Guardian; a number has one message filter."""
        state.find(state.subscribers, body.SubscriberId, "SubscriberId")
        if not is_guardian_enabled(state, body.SubscriberId, self.feature):
            raise invalid(
                "SubscriberId",
                f"Guardian is not enabled for {self.feature.lower()}",
            )
        number = state.numbers.get(body.Phone)
        if number is None:
            raise invalid("Phone", "Phone number does not belong to account")
        if self.kind == "call_filter" and not number.voice_enabled:
            raise invalid("Phone", f"Voice is not enabled for {body.Phone}")
        if body.FilterMode in AGE_MODES and all(c != body.SubscriberId for _, c in state.relations):
            raise invalid("FilterMode", "An age level needs a guardian relation first")
        same = self._filters_for(state, body.SubscriberId, body.Phone)
        if self.kind == "message_filter" and same:
            raise invalid(
                "Phone", "Duplicate filter found for the same subscriber and phone number"
            )
        stored = {"FilterId": state.new_id(self.prefix), **body.model_dump()}
        state.filters[stored["FilterId"]] = stored
        return self._commit(state, "created", stored)

    def read(self, state: SimulatorState, query: FilterQuery) -> ResponseBody:
        """List the filters as a bare array, optionally of one subscriber or number."""
        return [
            self._to_response(f) for f in self._filters_for(state, query.SubscriberId, query.Phone)
        ]

    def update(
        self, state: SimulatorState, body: UpdateCallFilter | UpdateMessageFilter
    ) -> ResponseBody:
        """Replace the whole configuration; fields that are left out are cleared."""
        stored = self._get_filter(state, body)
        settings = body.model_dump(exclude={"FilterId", "SubscriberId", "Phone"})
        stored.update(settings)
        stored["Phone"] = body.Phone or stored["Phone"]
        return self._commit(state, "updated", stored)

    def delete(
        self, state: SimulatorState, body: DeleteCallFilter | DeleteMessageFilter
    ) -> ResponseBody:
        """Delete a filter."""
        stored = self._get_filter(state, body)
        del state.filters[stored["FilterId"]]
        self._commit(state, "deleted", stored)
        return {
            "Status": "Deleted",
            "FilterId": stored["FilterId"],
            "DateDeleted": state.clock.now().isoformat(),
        }

    def keywords(self, state: SimulatorState, query: FilterPartQuery) -> ResponseBody:
        """Return the keywords, here as an object."""
        text = self._get_filter(state, query)["KeywordFilter"]
        empty: Json = {"CustomKeywords": [], "SystemKeywords": {}, "SeverityMap": {}}
        return {**empty, **(json.loads(text) if text else {})}

    def read_list(self, which: str) -> Callable[[SimulatorState, FilterPartQuery], ResponseBody]:
        """Return the operation that reads the `Allowed` or `Blocked` list."""

        def run(state: SimulatorState, query: FilterPartQuery) -> ResponseBody:
            response = self._list_response(self._get_filter(state, query), which)
            if state.options.filter_list_envelope == "object":
                return response
            entries: list[str] = response[which + self.entries]
            return entries

        return run

    def edit_list(
        self, which: str, adding: bool
    ) -> Callable[[SimulatorState, EditList], ResponseBody]:
        """Return the operation that adds to or removes from a list, and returns the list."""

        def run(state: SimulatorState, body: EditList) -> ResponseBody:
            stored = self._get_filter(state, body)
            sent: list[str] = getattr(body, self.entries)
            before: list[str] = stored[which + self.entries] or []
            kept = [entry for entry in before if entry not in sent]
            stored[which + self.entries] = kept + list(dict.fromkeys(sent)) if adding else kept
            self._commit(state, "updated", stored)
            return self._list_response(stored, which)

        return run

    def _filters_for(
        self, state: SimulatorState, subscriber_id: str | None, phone: str | None
    ) -> list[Json]:
        return [
            stored
            for stored in state.filters.values()
            if stored["FilterId"].startswith(self.prefix)
            and subscriber_id in (None, stored["SubscriberId"])
            and phone in (None, stored["Phone"])
        ]

    def _get_filter(self, state: SimulatorState, key: BaseModel) -> Json:
        filter_id: str = getattr(key, "FilterId", None) or getattr(key, self.id_field)
        mine = {k: v for k, v in state.filters.items() if k.startswith(self.prefix)}
        stored = state.find(mine, filter_id, self.id_field)
        if getattr(key, "SubscriberId", None) not in (None, stored["SubscriberId"]):
            raise invalid("SubscriberId", "This filter belongs to another subscriber")
        return stored

    def _list_response(self, stored: Json, which: str) -> Json:
        name = which + self.entries
        response = {"FilterId": stored["FilterId"], "SubscriberId": stored["SubscriberId"]}
        return {**response, name: stored[name] or []}

    def _to_response(self, stored: Json) -> Json:
        keywords = stored["KeywordFilter"]
        if self.kind == "message_filter" and keywords:
            # The published response lacks the outer braces of what was sent.
            return {**stored, "KeywordFilter": keywords.strip()[1:-1]}
        return stored

    def _commit(self, state: SimulatorState, what: str, stored: Json) -> Json:
        facts = {"filter_id": stored["FilterId"], "subscriber_id": stored["SubscriberId"]}
        state.commit(f"{self.kind}.{what}", {**facts, "phone": stored["Phone"]})
        return self._to_response(stored)


CALL_FILTERS = FilterFamily("call_filter", "CFID", "Calls", "CallFilterId", "Numbers")
MESSAGE_FILTERS = FilterFamily("message_filter", "MFID", "Messages", "MessageFilterId", "Contacts")
