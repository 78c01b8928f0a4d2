"""The routes of an account: where messages and calls of its numbers go."""

from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from telegent_orchestrator.onboarding import (
    ExistingMessageRoute,
    ExistingVoiceRoute,
    NewMessageRoute,
    NewVoiceRoute,
)
from workflows.support.exactly_once import ResourceCreator

MESSAGE_ROUTE_STEP, VOICE_ROUTE_STEP = "Message route", "Voice route"


async def ensure_message_route(
    creator: ResourceCreator,
    route: NewMessageRoute | ExistingMessageRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """Ensures the message route, a new one under the name `marked_name`, and returns its id."""
    async with creator.progress.step(MESSAGE_ROUTE_STEP):
        if isinstance(route, ExistingMessageRoute):
            return route.message_route_id
        wanted = CreateMessageRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure(RouteActivities.create_message_route, wanted)


async def ensure_voice_route(
    creator: ResourceCreator,
    route: NewVoiceRoute | ExistingVoiceRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """Ensures the voice route, a new one under the name `marked_name`, and returns its id."""
    async with creator.progress.step(VOICE_ROUTE_STEP):
        if isinstance(route, ExistingVoiceRoute):
            return route.voice_route_id
        wanted = CreateVoiceRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure(RouteActivities.create_voice_route, wanted)
