"""AI Guardian filters: one family for calls, one for messages, alike but for their words."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel

from simulator.engine.errors import invalid, missing
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
    """What a call filter can say besides its mode."""

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
    FilterMode: Literal["WHITELIST", "BLACKLIST", "CHILD", "TEENAGER", "ADOLESCENT"] | None = None


class MessageSettings(Body):
    """What a message filter can say."""

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


class FilterKey(Body):
    """Names a filter; which of the keys update and delete take is not published."""

    FilterId: str | None = None
    CallFilterId: str | None = None
    MessageFilterId: str | None = None
    SubscriberId: str | None = None


class UpdateCallFilter(CallSettings, FilterKey):
    """POST .../call-filter/update; age modes cannot be set here."""

    Phone: E164 | None = None
    FilterMode: Literal["WHITELIST", "BLACKLIST"] | None = None


class UpdateMessageFilter(MessageSettings, FilterKey):
    """POST .../message-filter/update."""

    Phone: E164 | None = None


class FilterQuery(Query):
    """GET a family's filters."""

    SubscriberId: Text
    Phone: E164 | None = None
    AccountId: str | None = None


class FilterPartQuery(Query):
    """GET one filter's keywords or lists."""

    SubscriberId: Text
    CallFilterId: str | None = None
    MessageFilterId: str | None = None


class EditList(Body):
    """What the list edits of both families have in common."""

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
    """The differences between call filters and message filters."""

    kind: str
    prefix: str
    feature: str
    id_field: str
    entries: str

    def create(
        self, state: SimulatorState, body: CreateCallFilter | CreateMessageFilter
    ) -> ResponseBody:
        """A new filter; the subscriber needs Guardian, a message filter must be the only one."""
        state.find(state.subscribers, body.SubscriberId, "SubscriberId")
        if not is_guardian_enabled(state, body.SubscriberId, self.feature):
            raise invalid(
                "SubscriberId",
                f"Guardian is not enabled for {self.feature.lower()}",
            )
        if body.Phone not in state.numbers:
            raise invalid("Phone", "Phone number does not belong to account")
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
        """The filters of a subscriber as a bare array, optionally for one number."""
        return [
            self._to_response(f) for f in self._filters_for(state, query.SubscriberId, query.Phone)
        ]

    def update(
        self, state: SimulatorState, body: UpdateCallFilter | UpdateMessageFilter
    ) -> ResponseBody:
        """Replaces the whole configuration; what is left out is cleared."""
        stored = self._get_filter(state, body)
        settings = body.model_dump(exclude=set(FilterKey.model_fields) | {"Phone"})
        stored.update(settings)
        stored["Phone"] = body.Phone or stored["Phone"]
        return self._commit(state, "updated", stored)

    def delete(self, state: SimulatorState, body: FilterKey) -> ResponseBody:
        """Removes a filter. The real answer is not published."""
        stored = self._get_filter(state, body)
        del state.filters[stored["FilterId"]]
        self._commit(state, "deleted", stored)
        return {"FilterId": stored["FilterId"], "Status": "Deleted"}

    def keywords(self, state: SimulatorState, query: FilterPartQuery) -> ResponseBody:
        """The keyword filter, here as an object."""
        text = self._get_filter(state, query)["KeywordFilter"]
        empty: Json = {"CustomKeywords": [], "SystemKeywords": {}, "SeverityMap": {}}
        return {**empty, **(json.loads(text) if text else {})}

    def read_list(self, which: str) -> Callable[[SimulatorState, FilterPartQuery], ResponseBody]:
        """The operation that reads the `Allowed` or `Blocked` list."""

        def run(state: SimulatorState, query: FilterPartQuery) -> ResponseBody:
            return self._list_response(self._get_filter(state, query), which)

        return run

    def edit_list(
        self, which: str, adding: bool
    ) -> Callable[[SimulatorState, EditList], ResponseBody]:
        """The operation that adds to or removes from a list; it answers with the whole list."""

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
        self, state: SimulatorState, subscriber_id: str, phone: str | None
    ) -> list[Json]:
        return [
            stored
            for stored in state.filters.values()
            if stored["FilterId"].startswith(self.prefix)
            and stored["SubscriberId"] == subscriber_id
            and phone in (None, stored["Phone"])
        ]

    def _get_filter(self, state: SimulatorState, key: BaseModel) -> Json:
        filter_id = getattr(key, self.id_field) or getattr(key, "FilterId", None)
        if not filter_id:
            raise missing(self.id_field)
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
            # The published answer lacks the outer braces of what was sent.
            return {**stored, "KeywordFilter": keywords.strip()[1:-1]}
        return stored

    def _commit(self, state: SimulatorState, what: str, stored: Json) -> Json:
        facts = {"filter_id": stored["FilterId"], "subscriber_id": stored["SubscriberId"]}
        state.commit(f"{self.kind}.{what}", {**facts, "phone": stored["Phone"]})
        return self._to_response(stored)


CALL_FILTERS = FilterFamily("call_filter", "CFID", "Calls", "CallFilterId", "Numbers")
MESSAGE_FILTERS = FilterFamily("message_filter", "MFID", "Messages", "MessageFilterId", "Contacts")
