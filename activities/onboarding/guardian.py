"""AI Guardian: features and relations of subscribers, filters of numbers."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

import telegent
from activities.settings import ActivitySettings
from activities.support import write_specs
from activities.support.lookups import Look, only, settled
from activities.support.write_activity import creation, write
from telegent import NotFound, Telegent
from telegent_orchestrator._models import Payload
from telegent_orchestrator.lines import CallFilter, MessageFilter


class FindRelation(Look):
    """Look for the relation of this parent to this child."""

    parent_id: str
    child_id: str


class Relation(Payload):
    """A parent and a child, by subscriber id."""

    parent_id: str
    child_id: str
    relation: str

    def look(self, *, until: datetime | None = None) -> FindRelation:
        """Look for this relation."""
        return FindRelation(parent_id=self.parent_id, child_id=self.child_id, until=until)


class FindFilter(Look):
    """Look for the filter of a subscriber's number."""

    subscriber_id: str
    phone_number: str


class _OfNumber(Payload):
    subscriber_id: str
    phone_number: str

    def look(self, *, until: datetime | None = None) -> FindFilter:
        """Look for the filter of this number."""
        return FindFilter(
            subscriber_id=self.subscriber_id, phone_number=self.phone_number, until=until
        )


class CreateCallFilter(_OfNumber):
    """A call filter for a subscriber's number."""

    filter: CallFilter


class CreateMessageFilter(_OfNumber):
    """A message filter for a subscriber's number."""

    filter: MessageFilter


@dataclass(frozen=True)
class GuardianActivities:
    """Calls about AI Guardian."""

    api: Telegent
    settings: ActivitySettings

    @write(write_specs.ENABLE_GUARDIAN)
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
    async def find_relation(self, wanted: FindRelation) -> str | None:
        """The child's subscriber id, if the parent watches over it."""
        children = await self.api.guardian.children(wanted.parent_id)
        there = any(row.child_subscriber_id == wanted.child_id for row in children)
        return settled(wanted.child_id if there else None, wanted, self.settings.read_lag)

    @creation(write_specs.RELATE, find_relation)
    async def relate(self, wanted: Relation) -> str:
        """Let the parent watch over the child; returns the child's subscriber id."""
        await self.api.guardian.relate(
            telegent.GuardianRelation(
                parent_subscriber_id=wanted.parent_id,
                child_subscriber_id=wanted.child_id,
                relation=wanted.relation,
            )
        )
        return wanted.child_id

    @write(write_specs.UNRELATE)
    async def unrelate(self, parent_id: str, child_id: str) -> None:
        """End the relation; one that has ended already is no fault."""
        with suppress(NotFound):
            await self.api.guardian.unrelate(parent_id, child_id)

    @activity.defn
    async def find_call_filter(self, wanted: FindFilter) -> str | None:
        """Id of the number's call filter, if there is one."""
        filters = await self.api.guardian.call_filters(wanted.subscriber_id, wanted.phone_number)
        found = only([row.filter_id for row in filters], "call filters")
        return settled(found, wanted, self.settings.read_lag)

    @creation(write_specs.CREATE_CALL_FILTER, find_call_filter)
    async def create_call_filter(self, to_create: CreateCallFilter) -> str:
        """Create the call filter of a number; returns its id."""
        wanted = to_create.filter
        created = await self.api.guardian.create_call_filter(
            telegent.CallFilterCreate(
                subscriber_id=to_create.subscriber_id,
                phone=to_create.phone_number,
                filter_mode=wanted.mode,
                allowed_numbers=wanted.allowed_numbers,
                blocked_numbers=wanted.blocked_numbers,
                block_unknown_numbers=wanted.block_unknown_numbers,
                block_international=wanted.block_international,
                notification_phones=wanted.notification_phones,
                apply_to_inbound=True,
                apply_to_outbound=True,
            )
        )
        return created.filter_id

    @write(write_specs.DELETE_CALL_FILTER)
    async def delete_call_filter(self, subscriber_id: str, filter_id: str) -> None:
        """Delete a call filter; one that is gone already is deleted."""
        with suppress(NotFound):
            await self.api.guardian.delete_call_filter(subscriber_id, filter_id)

    @activity.defn
    async def find_message_filter(self, wanted: FindFilter) -> str | None:
        """Id of the number's message filter, if there is one."""
        filters = await self.api.guardian.message_filters(wanted.subscriber_id, wanted.phone_number)
        found = only([row.filter_id for row in filters], "message filters")
        return settled(found, wanted, self.settings.read_lag)

    @creation(write_specs.CREATE_MESSAGE_FILTER, find_message_filter)
    async def create_message_filter(self, to_create: CreateMessageFilter) -> str:
        """Create the message filter of a number; returns its id."""
        wanted = to_create.filter
        keywords = telegent.KeywordFilter(custom_keywords=wanted.custom_keywords)
        created = await self.api.guardian.create_message_filter(
            telegent.MessageFilterCreate(
                subscriber_id=to_create.subscriber_id,
                phone=to_create.phone_number,
                filter_mode=wanted.mode,
                allowed_contacts=wanted.allowed_contacts,
                blocked_contacts=wanted.blocked_contacts,
                keyword_filter=keywords if wanted.custom_keywords else None,
                block_unknown_numbers=wanted.block_unknown_numbers,
                block_links=wanted.block_links,
                block_media=wanted.block_media,
                notification_phones=wanted.notification_phones,
                apply_to_inbound=True,
                apply_to_outbound=True,
                undocumented=self._level(wanted),
            )
        )
        return created.filter_id

    @write(write_specs.DELETE_MESSAGE_FILTER)
    async def delete_message_filter(self, subscriber_id: str, filter_id: str) -> None:
        """Delete a message filter; one that is gone already is deleted."""
        with suppress(NotFound):
            await self.api.guardian.delete_message_filter(subscriber_id, filter_id)

    def _level(self, wanted: MessageFilter) -> dict[str, str]:
        """The age level, under the wire name that the settings give."""
        field = self.settings.message_level_field
        return {field: wanted.level} if field and wanted.level else {}
