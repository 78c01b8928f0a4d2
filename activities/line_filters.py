"""AI Guardian of a line: lists and mode of its filters, and the features of its subscriber."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import line_write_specs
from activities.support.change_orders import not_shown
from activities.support.outcomes import rejected
from activities.support.write_activity import at_most_one, write_activity
from telegent import Telegent
from telegent_orchestrator._models import WireModel

FilterKind = Literal["call", "message"]
FilterList = Literal["allowed", "blocked"]


class FilterTarget(WireModel):
    """The filter of a number, of calls or of messages."""

    kind: FilterKind
    subscriber_id: str
    phone_number: str


class FilterRecord(WireModel):
    """A filter as Telegent shows it."""

    filter_id: str
    mode: str | None = None
    allowed: list[str] = []
    blocked: list[str] = []


class FilterListEdit(WireModel):
    """Entries to add to, or to remove from, a list of a filter."""

    target: FilterTarget
    filter_id: str
    which: FilterList
    adding: bool
    entries: list[str]

    def shown_by(self, found: FilterRecord) -> bool:
        """Whether the filter has all entries that are added, and none that is removed."""
        listed = found.allowed if self.which == "allowed" else found.blocked
        return all((entry in listed) is self.adding for entry in self.entries)

    def __str__(self) -> str:
        verb = "add to" if self.adding else "remove from"
        return f"{verb} the {self.which} list: {len(self.entries)}"


class FilterUpdate(WireModel):
    """A filter and what changes in it.

    Attributes:
        mode: Its mode from now on; None: as it is.
        new_phone_number: The number of which it is the filter from now on; None: as it is.
        level: The age level of a message filter; None: what Telegent shows, if it does.
    """

    target: FilterTarget
    filter_id: str
    mode: str | None = None
    new_phone_number: str | None = None
    level: str | None = None


class FilterChange(WireModel):
    """What a filter has to show after a change."""

    target: FilterTarget
    edits: list[FilterListEdit] = []
    mode: str | None = None

    def differences(self, found: FilterRecord | None) -> list[str]:
        """What the filter does not show."""
        if found is None:
            return [f"the number has no {self.target.kind} filter"]
        missing = [str(edit) for edit in self.edits if not edit.shown_by(found)]
        if self.mode not in (None, found.mode):
            missing.append(f"the mode is {found.mode}, not {self.mode}")
        return missing


class GuardianSwitches(WireModel):
    """AI Guardian's features of a subscriber; None: as it is."""

    subscriber_id: str
    calls: bool | None = None
    messages: bool | None = None

    def filled(self, flags: telegent.GuardianFeatureFlags) -> telegent.GuardianFeatures:
        """Both features, as Telegent takes them: the set replaces both."""
        calls, messages = self.calls, self.messages
        if calls is None:
            calls = bool(flags.enable_intelligent_guardian_calls)
        if messages is None:
            messages = bool(flags.enable_intelligent_guardian_messages)
        return telegent.GuardianFeatures(
            subscriber_id=self.subscriber_id,
            enable_intelligent_guardian_calls=calls,
            enable_intelligent_guardian_messages=messages,
        )

    def shown_by(self, flags: telegent.GuardianFeatureFlags) -> bool:
        """Whether the features are on or off as wanted."""
        wanted = self.filled(flags)
        return (
            flags.enable_intelligent_guardian_calls is wanted.enable_intelligent_guardian_calls
            and flags.enable_intelligent_guardian_messages
            is wanted.enable_intelligent_guardian_messages
        )


@dataclass(frozen=True)
class LineFilterActivities:
    """Vendor calls about the AI Guardian of a line."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def read_filter(self, target: FilterTarget) -> FilterRecord | None:
        """Returns the number's filter; None if it has none.

        Raises:
            ApplicationError: `Ambiguous` when it has several.
        """
        subscriber, number = target.subscriber_id, target.phone_number
        guardian = self.api.guardian
        if target.kind == "call":
            calls = await guardian.call_filters.list(subscriber, number)
            records = [_to_record(row, row.allowed_numbers, row.blocked_numbers) for row in calls]
        else:
            messages = await guardian.message_filters.list(subscriber, number)
            records = [
                _to_record(row, row.allowed_contacts, row.blocked_contacts) for row in messages
            ]
        return at_most_one(records, f"{target.kind} filters")

    @write_activity(line_write_specs.EDIT_FILTER_LIST)
    async def edit_filter_list(self, edit: FilterListEdit) -> None:
        """Add entries to a list of a filter, or remove them; the others stay."""
        guardian = self.api.guardian
        filters = guardian.call_filters if edit.target.kind == "call" else guardian.message_filters
        if edit.which == "allowed":
            send = filters.add_allowed if edit.adding else filters.remove_allowed
        else:
            send = filters.add_blocked if edit.adding else filters.remove_blocked
        await send(
            telegent.FilterEntries(
                subscriber_id=edit.target.subscriber_id,
                filter_id=edit.filter_id,
                entries=edit.entries,
            )
        )

    @write_activity(line_write_specs.UPDATE_FILTER)
    async def update_filter(self, update: FilterUpdate) -> None:
        """Set mode or number, and send the rest as it is: an update replaces the whole filter."""
        target, guardian = update.target, self.api.guardian
        if update.new_phone_number:
            moved = target.model_copy(update={"phone_number": update.new_phone_number})
            if await self.read_filter(moved):
                return
        if target.kind == "call":
            calls = guardian.call_filters
            row = _by_id(await calls.list(target.subscriber_id, target.phone_number), update)
            kept = row.model_dump(include=set(telegent.CallFilterUpdate.model_fields))
            words = await calls.keywords(target.subscriber_id, update.filter_id)
            body = kept | _changed(update, words)
            await calls.update(telegent.CallFilterUpdate.model_validate(body))
        else:
            messages = guardian.message_filters
            found = _by_id(await messages.list(target.subscriber_id, target.phone_number), update)
            kept = found.model_dump(include=set(telegent.MessageFilterUpdate.model_fields))
            words = await messages.keywords(target.subscriber_id, update.filter_id)
            body = kept | _changed(update, words) | {"undocumented": self._level(update, found)}
            await messages.update(telegent.MessageFilterUpdate.model_validate(body))

    def _level(self, update: FilterUpdate, found: telegent.MessageFilter) -> dict[str, str]:
        """The age level, under the wire name that the settings give."""
        field = self.settings.message_level_field
        level = update.level or (found.model_extra or {}).get(field or "")
        return {field: str(level)} if field and level else {}

    @activity.defn
    async def await_filter(self, change: FilterChange) -> FilterRecord:
        """Returns the filter as soon as it shows the change.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Ambiguous` when it
                does not show it after the read lag.
        """
        found = await self.read_filter(change.target)
        missing = change.differences(found)
        if found and not missing:
            return found
        raise not_shown(self.settings, "; ".join(missing))

    @write_activity(line_write_specs.SET_GUARDIAN_FEATURES)
    async def set_guardian_features(self, switches: GuardianSwitches) -> None:
        """Turn AI Guardian's features of a subscriber on or off, unless they are so already."""
        flags = await self.api.guardian.features(switches.subscriber_id)
        if not switches.shown_by(flags):
            await self.api.guardian.set_features(switches.filled(flags))

    @activity.defn
    async def check_guardian_features(self, switches: GuardianSwitches) -> bool:
        """Returns whether the features are as wanted."""
        return switches.shown_by(await self.api.guardian.features(switches.subscriber_id))

    @activity.defn
    async def await_guardian_features(self, switches: GuardianSwitches) -> None:
        """Returns as soon as the features are as wanted.

        Raises:
            ApplicationError: `Pending` until then, so that Temporal retries; `Ambiguous` when they
                are not after the read lag.
        """
        if not await self.check_guardian_features(switches):
            raise not_shown(self.settings, "the features of the subscriber are as before")


Row = TypeVar("Row", telegent.CallFilter, telegent.MessageFilter)


def _by_id(rows: Sequence[Row], update: FilterUpdate) -> Row:
    for row in rows:
        if telegent.same_id(row.filter_id, update.filter_id):
            return row
    raise rejected(f"the number has no filter {update.filter_id} any more")


def _changed(update: FilterUpdate, words: telegent.KeywordFilterResponse) -> dict[str, object]:
    """What an update sends in place of what the list of filters shows."""
    keywords = telegent.KeywordFilter(
        custom_keywords=words.custom_keywords or [],
        system_keywords=words.system_keywords or {},
        severity_map=words.severity_map or {},
    )
    changed: dict[str, object] = {
        "subscriber_id": update.target.subscriber_id,
        "phone": update.new_phone_number or update.target.phone_number,
        "keyword_filter": keywords if keywords != telegent.KeywordFilter() else None,
    }
    return changed | ({"filter_mode": update.mode} if update.mode else {})


def _to_record(
    row: telegent.CallFilter | telegent.MessageFilter,
    allowed: list[str] | None,
    blocked: list[str] | None,
) -> FilterRecord:
    return FilterRecord(
        filter_id=row.filter_id,
        mode=row.filter_mode,
        allowed=allowed or [],
        blocked=blocked or [],
    )
