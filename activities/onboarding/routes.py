"""Message and voice routes: creating them, and looking them up by their marked names."""

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
from telegent_orchestrator.onboarding import NewMessageRoute, NewVoiceRoute, RouteCredentials


class CreateMessageRoute(Wanted):
    """A message route of an account, under the name that it can be found by."""

    account_id: str
    marked_name: str
    route: NewMessageRoute

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the message route"


class CreateVoiceRoute(Wanted):
    """A voice route of an account, under the name that it can be found by."""

    account_id: str
    marked_name: str
    route: NewVoiceRoute

    @property
    def description(self) -> str:
        """What an operator reads."""
        return "the voice route"


@dataclass(frozen=True)
class RouteActivities:
    """Calls about routes."""

    api: Telegent
    settings: ActivitySettings

    @activity.defn
    async def find_message_route(self, lookup: Lookup[CreateMessageRoute]) -> str | None:
        """The id of the message route with this marked name, if it exists."""
        found = [
            route.message_route_id
            for route in await self.api.message_routes.list(lookup.wanted.account_id)
            if telegent.same_text(route.route_name, lookup.wanted.marked_name)
        ]
        return found_or_pending(
            at_most_one(found, "message routes"), lookup.created_before, self.settings.read_lag
        )

    @write_activity(write_specs.DELETE_MESSAGE_ROUTE)
    async def delete_message_route(self, route_id: str) -> None:
        """Delete the message route; one that is missing is deleted."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.message_routes.delete(route_id)

    @create_activity(
        CreateSpec(
            write_specs.CREATE_MESSAGE_ROUTE, find_message_route, compensate=delete_message_route
        )
    )
    async def create_message_route(self, request: CreateMessageRoute) -> str:
        """Create the message route; returns its id."""
        route = request.route
        scheme, username, secret = _credentials(route.credentials)
        created = await self.api.message_routes.create(
            telegent.MessageRouteCreate(
                route_name=request.marked_name,
                message_url=route.url,
                message_url_method="POST",
                message_route_enabled=True,
                message_authentication_type=scheme,
                message_username=username,
                message_password_token=secret,
                callback_message_url=route.callback_url,
                callback_message_url_method="POST" if route.callback_url else None,
                # The two bypasses mean opposite things in different documents of the vendor.
                inbound_bypass=False,
                outbound_bypass=False,
                intelligent_route_enabled=route.intelligent,
                account_id=request.account_id,
            )
        )
        return created.message_route_id

    @activity.defn
    async def find_voice_route(self, lookup: Lookup[CreateVoiceRoute]) -> str | None:
        """The id of the voice route with this marked name, if it exists."""
        found = [
            route.call_route_id
            for route in await self.api.voice_routes.list(lookup.wanted.account_id)
            if telegent.same_text(route.route_name, lookup.wanted.marked_name)
        ]
        return found_or_pending(
            at_most_one(found, "voice routes"), lookup.created_before, self.settings.read_lag
        )

    @write_activity(write_specs.DELETE_VOICE_ROUTE)
    async def delete_voice_route(self, route_id: str) -> None:
        """Delete the voice route; one that is missing is deleted."""
        with missing_is_deleted(self.settings.read_lag):
            await self.api.voice_routes.delete(route_id)

    @create_activity(
        CreateSpec(write_specs.CREATE_VOICE_ROUTE, find_voice_route, compensate=delete_voice_route)
    )
    async def create_voice_route(self, request: CreateVoiceRoute) -> str:
        """Create the voice route; returns its id."""
        route = request.route
        scheme, username, secret = _credentials(route.credentials)
        trunk = route.type == "Trunk"
        created = await self.api.voice_routes.create(
            telegent.VoiceRouteCreate(
                route_name=request.marked_name,
                route_type=route.type,
                voice_url=route.url,
                voice_url_method="POST" if route.url else None,
                voice_authentication_type=scheme,
                voice_username=username,
                voice_password_token=secret,
                trunk_ip1=route.trunk_ip,
                trunk_port1=str(route.trunk_port) if route.trunk_port else None,
                trunk_transport1=route.trunk_transport,
                trunk_enabled1=True if trunk else None,
                intelligent_route_enabled=route.intelligent,
                route_enabled=True,
                account_id=request.account_id,
            )
        )
        return created.call_route_id


def _credentials(
    given: RouteCredentials | None,
) -> tuple[telegent.RouteAuthentication, str | None, str | None]:
    return (given.type, given.username, given.secret) if given else ("None", None, None)
