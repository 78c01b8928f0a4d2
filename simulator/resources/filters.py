"""AI Guardian filters: one family for calls, one for messages, alike but for their words."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import E164, Answer, Body, Json, Query, Text
from simulator.engine.state import World
from simulator.resources.guardian import guardian_is_on

AGE_MODES = ("CHILD", "TEENAGER", "ADOLESCENT")


def _is_json_object(text: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
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
class Family:
    """The differences between call filters and message filters."""

    kind: str
    prefix: str
    switch: str
    id_field: str
    entries: str

    def create(self, world: World, body: CreateCallFilter | CreateMessageFilter) -> Answer:
        """A new filter; the subscriber needs Guardian, a message filter must be the only one."""
        world.find(world.subscribers, body.SubscriberId, "SubscriberId")
        if not guardian_is_on(world, body.SubscriberId, self.switch):
            raise invalid(
                "SubscriberId",
                f"Guardian is not enabled for {self.switch.lower()}",
            )
        if body.Phone not in world.numbers:
            raise invalid("Phone", "Phone number does not belong to account")
        if body.FilterMode in AGE_MODES and all(c != body.SubscriberId for _, c in world.relations):
            raise invalid("FilterMode", "An age level needs a guardian relation first")
        same = self._of(world, body.SubscriberId, body.Phone)
        if self.kind == "message_filter" and same:
            raise invalid(
                "Phone", "Duplicate filter found for the same subscriber and phone number"
            )
        held = {"FilterId": world.new_id(self.prefix), **body.model_dump()}
        world.filters[held["FilterId"]] = held
        return self._committed(world, "created", held)

    def read(self, world: World, query: FilterQuery) -> Answer:
        """The filters of a subscriber as a bare array, optionally for one number."""
        return [self._shown(f) for f in self._of(world, query.SubscriberId, query.Phone)]

    def update(self, world: World, body: UpdateCallFilter | UpdateMessageFilter) -> Answer:
        """Replaces the whole configuration; what is left out is cleared."""
        held = self._held(world, body)
        settings = body.model_dump(exclude=set(FilterKey.model_fields) | {"Phone"})
        held.update(settings)
        held["Phone"] = body.Phone or held["Phone"]
        return self._committed(world, "updated", held)

    def delete(self, world: World, body: FilterKey) -> Answer:
        """Removes a filter. The real answer is not published."""
        held = self._held(world, body)
        del world.filters[held["FilterId"]]
        self._committed(world, "deleted", held)
        return {"FilterId": held["FilterId"], "Status": "Deleted"}

    def keywords(self, world: World, query: FilterPartQuery) -> Answer:
        """The keyword filter, here as an object."""
        text = self._held(world, query)["KeywordFilter"]
        empty: Json = {"CustomKeywords": [], "SystemKeywords": {}, "SeverityMap": {}}
        return {**empty, **(json.loads(text) if text else {})}

    def read_list(self, which: str) -> Callable[[World, FilterPartQuery], Answer]:
        """The operation that reads the `Allowed` or `Blocked` list."""

        def run(world: World, query: FilterPartQuery) -> Answer:
            return self._list(self._held(world, query), which)

        return run

    def edit_list(self, which: str, adding: bool) -> Callable[[World, EditList], Answer]:
        """The operation that adds to or removes from a list; it answers with the whole list."""

        def run(world: World, body: EditList) -> Answer:
            held = self._held(world, body)
            sent: list[str] = getattr(body, self.entries)
            before: list[str] = held[which + self.entries] or []
            kept = [entry for entry in before if entry not in sent]
            held[which + self.entries] = kept + list(dict.fromkeys(sent)) if adding else kept
            self._committed(world, "updated", held)
            return self._list(held, which)

        return run

    def _of(self, world: World, subscriber_id: str, phone: str | None) -> list[Json]:
        return [
            held
            for held in world.filters.values()
            if held["FilterId"].startswith(self.prefix)
            and held["SubscriberId"] == subscriber_id
            and phone in (None, held["Phone"])
        ]

    def _held(self, world: World, key: BaseModel) -> Json:
        filter_id = getattr(key, self.id_field) or getattr(key, "FilterId", None)
        if not filter_id:
            raise missing(self.id_field)
        mine = {k: v for k, v in world.filters.items() if k.startswith(self.prefix)}
        held = world.find(mine, filter_id, self.id_field)
        if getattr(key, "SubscriberId", None) not in (None, held["SubscriberId"]):
            raise invalid("SubscriberId", "This filter belongs to another subscriber")
        return held

    def _list(self, held: Json, which: str) -> Json:
        name = which + self.entries
        shown = {"FilterId": held["FilterId"], "SubscriberId": held["SubscriberId"]}
        return {**shown, name: held[name] or []}

    def _shown(self, held: Json) -> Json:
        keywords = held["KeywordFilter"]
        if self.kind == "message_filter" and keywords:
            # The published answer lacks the outer braces of what was sent.
            return {**held, "KeywordFilter": keywords.strip()[1:-1]}
        return held

    def _committed(self, world: World, what: str, held: Json) -> Json:
        facts = {"filter_id": held["FilterId"], "subscriber_id": held["SubscriberId"]}
        world.commit(f"{self.kind}.{what}", {**facts, "phone": held["Phone"]})
        return self._shown(held)


CALLS = Family("call_filter", "CFID", "Calls", "CallFilterId", "Numbers")
MESSAGES = Family("message_filter", "MFID", "Messages", "MessageFilterId", "Contacts")
