"""AI Guardian: features of a subscriber, guardian relations, and filters."""

from telegent._models import Id, RequestModel, ResponseModel, Text
from telegent._requester import Requester, Resource
from telegent.filters import (
    CallFilter,
    CallFilterCreate,
    CallFilterUpdate,
    Filters,
    MessageFilter,
    MessageFilterCreate,
    MessageFilterUpdate,
)

_FEATURES = "/v1.0/subscribers/guardian-features"
_RELATION = "/v1.0/subscribers/guardians/relation"
_ROWS = ("Children", "Guardians")


class GuardianFeatures(RequestModel):
    """Guardian features of a subscriber. Filters and relations have no effect without them."""

    subscriber_id: Text
    enable_intelligent_guardian_calls: bool
    enable_intelligent_guardian_messages: bool


class GuardianRelation(RequestModel):
    """A subscriber who guards another; `relation` is free text, e.g. ``Guardian``."""

    parent_subscriber_id: Text
    child_subscriber_id: Text
    relation: Text


class GuardianFeatureFlags(ResponseModel):
    """Guardian features of a subscriber."""

    subscriber_id: str | None = None
    enable_intelligent_guardian_calls: bool | None = None
    enable_intelligent_guardian_messages: bool | None = None


class Relation(ResponseModel):
    """A subscriber who guards another. `relation` may differ from the value that was sent."""

    parent_subscriber_id: Id
    child_subscriber_id: Id
    relation: str | None = None


class Guardian(Resource):
    """Guardian's switches, relations and filters."""

    def __init__(self, requester: Requester) -> None:
        super().__init__(requester)
        self.call_filters = Filters[CallFilterCreate, CallFilterUpdate, CallFilter](
            requester, "call-filter", CallFilter, "Numbers"
        )
        self.message_filters = Filters[MessageFilterCreate, MessageFilterUpdate, MessageFilter](
            requester, "message-filter", MessageFilter, "Contacts"
        )

    async def set_features(self, request: GuardianFeatures) -> GuardianFeatureFlags:
        """Enable or disable Guardian; a repeat sets the same."""
        return await self._requester.post_set(_FEATURES, GuardianFeatureFlags, request)

    async def features(
        self, subscriber_id: str, account_id: str | None = None
    ) -> GuardianFeatureFlags:
        """Read which features are enabled."""
        query = {"SubscriberId": subscriber_id, "AccountId": account_id}
        return await self._requester.get(_FEATURES, GuardianFeatureFlags, query)

    async def create_relation(self, request: GuardianRelation) -> Relation:
        """Make one subscriber the guardian of another."""
        return await self._requester.post(_RELATION, Relation, request)

    async def delete_relation(self, parent_subscriber_id: str, child_subscriber_id: str) -> None:
        """Delete a relation; filters remain."""
        await self._requester.delete(
            f"{_RELATION}/delete",
            {"ParentSubscriberId": parent_subscriber_id, "ChildSubscriberId": child_subscriber_id},
        )

    async def children(self, parent_subscriber_id: str) -> list[Relation]:
        """List the relations in which the subscriber is the parent (OAS; the knowledge bank
        describes the reverse).
        """
        query = {"ParentSubscriberId": parent_subscriber_id}
        return await self._requester.get_list(
            f"{_RELATION}/parent", Relation, query, rows_names=_ROWS
        )

    async def parents(self, child_subscriber_id: str) -> list[Relation]:
        """List the relations in which the subscriber is the child."""
        query = {"ChildSubscriberId": child_subscriber_id}
        return await self._requester.get_list(
            f"{_RELATION}/child", Relation, query, rows_names=_ROWS
        )
