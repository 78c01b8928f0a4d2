"""Where messages and calls of an account's numbers go."""

from activities.routes import CreateMessageRoute, CreateVoiceRoute, FindRoute, RouteActivities
from telegent_orchestrator.onboarding import (
    ExistingMessageRoute,
    ExistingVoiceRoute,
    NewMessageRoute,
    NewVoiceRoute,
)
from workflows.calls import creating, read
from workflows.ensure import Maker

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
            creating(RouteActivities.create_message_route, "Create the message route", wanted),
            lambda settle: read(
                RouteActivities.find_message_route,
                "Look for the message route",
                FindRoute(account_id=account_id, marked_name=marked, settle=settle),
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
            creating(RouteActivities.create_voice_route, "Create the voice route", wanted),
            lambda settle: read(
                RouteActivities.find_voice_route,
                "Look for the voice route",
                FindRoute(account_id=account_id, marked_name=marked, settle=settle),
            ),
        )
