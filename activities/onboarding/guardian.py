"""AI Guardian: features and relations of subscribers, filters of numbers."""

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
    missing_is_deleted,
    write_activity,
)
from telegent import Telegent
from telegent_orchestrator.lines import CallFilter, MessageFilter


class GuardianLink(Wanted):
    """A parent and a child: their keys in the request, and their subscriber ids."""

    parent: str
    child: str
    parent_id: str
    child_id: str
    relation: str

    @property
    def description(self) -> str:
        """What an operator reads."""
        return f"relation of {self.parent} and {self.child}"


class _CreateFilter(Wanted):
    subscriber_id: str
    phone_number: str


class CreateCallFilter(_CreateFilter):
    """A call filter for a subscriber's number."""

    filter: CallFilter

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the call filter"


class CreateMessageFilter(_CreateFilter):
    """A message filter for a subscriber's number."""

    filter: MessageFilter

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the message filter"


@dataclass(frozen=True)
class GuardianActivities:
    """Calls about AI Guardian."""

    api: Telegent
    settings: ActivitySettings

    @write_activity(write_specs.ENABLE_GUARDIAN)
    async def enable_guardian(self, subscriber_id: str) -> None:
        """Turn Guardian on for a subscriber's calls and messages: an absolute set."""
        await self.api.guardian.set_features(
            telegent.GuardianFeatures(
                subscriber_id=subscriber_id,
                enable_intelligent_guardian_calls=True,
                enable_intelligent_guardian_messages=True,
            )
        )

    @activity.defn
    async def find_guardian_link(self, lookup: Lookup[GuardianLink]) -> str | None:
        """The child's subscriber id, if the parent guards it."""
        wanted = lookup.wanted
        children = await self.api.guardian.children(wanted.parent_id)
        linked = any(telegent.same_id(row.child_subscriber_id, wanted.child_id) for row in children)
        found = wanted.child_id if linked else None
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @write_activity(write_specs.UNLINK_GUARDIAN)
    async def unlink_guardian(self, parent_id: str, child_id: str) -> None:
        """End the relation; one that is missing has ended."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.guardian.delete_relation(parent_id, child_id)

    @create_activity(
        CreateSpec(
            write_specs.LINK_GUARDIAN,
            find_guardian_link,
            compensate=unlink_guardian,
            compensate_args=lambda wanted, child_id: (wanted.parent_id, child_id),
        )
    )
    async def link_guardian(self, request: GuardianLink) -> str:
        """Let the parent guard the child; returns the child's subscriber id."""
        await self.api.guardian.create_relation(
            telegent.GuardianRelation(
                parent_subscriber_id=request.parent_id,
                child_subscriber_id=request.child_id,
                relation=request.relation,
            )
        )
        return request.child_id

    @activity.defn
    async def find_call_filter(self, lookup: Lookup[CreateCallFilter]) -> str | None:
        """The id of the number's call filter, if it exists."""
        filters = self.api.guardian.call_filters
        listed = await filters.list(lookup.wanted.subscriber_id, lookup.wanted.phone_number)
        found = at_most_one([row.filter_id for row in listed], "call filters")
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @write_activity(write_specs.DELETE_CALL_FILTER)
    async def delete_call_filter(self, filter_id: str) -> None:
        """Delete a call filter; one that is missing is deleted."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.guardian.call_filters.delete(filter_id)

    @create_activity(
        CreateSpec(write_specs.CREATE_CALL_FILTER, find_call_filter, compensate=delete_call_filter)
    )
    async def create_call_filter(self, request: CreateCallFilter) -> str:
        """Create the call filter of a number; returns its id."""
        settings = request.filter
        created = await self.api.guardian.call_filters.create(
            telegent.CallFilterCreate(
                subscriber_id=request.subscriber_id,
                phone=request.phone_number,
                filter_mode=settings.mode,
                allowed_numbers=settings.allowed_numbers,
                blocked_numbers=settings.blocked_numbers,
                block_unknown_numbers=settings.block_unknown_numbers,
                block_international=settings.block_international,
                notification_phones=settings.notification_phones,
                apply_to_inbound=True,
                apply_to_outbound=True,
            )
        )
        return created.filter_id

    @activity.defn
    async def find_message_filter(self, lookup: Lookup[CreateMessageFilter]) -> str | None:
        """The id of the number's message filter, if it exists."""
        filters = self.api.guardian.message_filters
        listed = await filters.list(lookup.wanted.subscriber_id, lookup.wanted.phone_number)
        found = at_most_one([row.filter_id for row in listed], "message filters")
        return found_or_pending(found, lookup.created_before, self.settings.read_lag)

    @write_activity(write_specs.DELETE_MESSAGE_FILTER)
    async def delete_message_filter(self, filter_id: str) -> None:
        """Delete a message filter; one that is missing is deleted."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.guardian.message_filters.delete(filter_id)

    @create_activity(
        CreateSpec(
            write_specs.CREATE_MESSAGE_FILTER, find_message_filter, compensate=delete_message_filter
        )
    )
    async def create_message_filter(self, request: CreateMessageFilter) -> str:
        """Create the message filter of a number; returns its id."""
        settings = request.filter
        keywords = telegent.KeywordFilter(custom_keywords=settings.custom_keywords)
        created = await self.api.guardian.message_filters.create(
            telegent.MessageFilterCreate(
                subscriber_id=request.subscriber_id,
                phone=request.phone_number,
                filter_mode=settings.mode,
                allowed_contacts=settings.allowed_contacts,
                blocked_contacts=settings.blocked_contacts,
                keyword_filter=keywords if settings.custom_keywords else None,
                block_unknown_numbers=settings.block_unknown_numbers,
                block_links=settings.block_links,
                block_media=settings.block_media,
                notification_phones=settings.notification_phones,
                apply_to_inbound=True,
                apply_to_outbound=True,
                undocumented=self._level(settings),
            )
        )
        return created.filter_id

    def _level(self, settings: MessageFilter) -> dict[str, str]:
        """The age level, under the wire name that the settings give."""
        field = self.settings.message_level_field
        return {field: settings.level} if field and settings.level else {}
