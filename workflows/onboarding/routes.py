"""Where messages and calls of an account's numbers go."""

from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from telegent_orchestrator.onboarding import (
    ExistingMessageRoute,
    ExistingVoiceRoute,
    NewMessageRoute,
    NewVoiceRoute,
)
from workflows.support.activity_calls import put
from workflows.support.exactly_once import Maker

MESSAGE_ROUTE, VOICE_ROUTE = "Message route", "Voice route"


async def ensure_message_route(
    maker: Maker, route: NewMessageRoute | ExistingMessageRoute, account_id: str, marked: str
) -> str:
    """The message route's id; a new one goes by the name `marked`."""
    async with maker.board.step(MESSAGE_ROUTE):
        if isinstance(route, ExistingMessageRoute):
            return route.message_route_id
        wanted = CreateMessageRoute(account_id=account_id, marked_name=marked, route=route)
        return await maker.ensure_id(
            MESSAGE_ROUTE,
            "the message route",
            RouteActivities.create_message_route,
            RouteActivities.find_message_route,
            wanted,
            take_back=lambda route_id: put(
                RouteActivities.delete_message_route, "Delete the message route", route_id
            ),
        )


async def ensure_voice_route(
    maker: Maker, route: NewVoiceRoute | ExistingVoiceRoute, account_id: str, marked: str
) -> str:
    """The voice route's id; a new one goes by the name `marked`."""
    async with maker.board.step(VOICE_ROUTE):
        if isinstance(route, ExistingVoiceRoute):
            return route.voice_route_id
        wanted = CreateVoiceRoute(account_id=account_id, marked_name=marked, route=route)
        return await maker.ensure_id(
            VOICE_ROUTE,
            "the voice route",
            RouteActivities.create_voice_route,
            RouteActivities.find_voice_route,
            wanted,
            take_back=lambda route_id: put(
                RouteActivities.delete_voice_route, "Delete the voice route", route_id
            ),
        )
