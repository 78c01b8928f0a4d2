"""Where messages and calls of an account's numbers go."""

from activities.onboarding.routes import CreateMessageRoute, CreateVoiceRoute, RouteActivities
from telegent_orchestrator.onboarding import (
    ExistingMessageRoute,
    ExistingVoiceRoute,
    NewMessageRoute,
    NewVoiceRoute,
)
from workflows.support.activity_calls import execute_idempotent_write
from workflows.support.exactly_once import ResourceCreator

MESSAGE_ROUTE_STEP, VOICE_ROUTE_STEP = "Message route", "Voice route"


async def ensure_message_route(
    creator: ResourceCreator,
    route: NewMessageRoute | ExistingMessageRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """The message route's id; a new one goes by the name `marked_name`."""
    async with creator.progress.step(MESSAGE_ROUTE_STEP):
        if isinstance(route, ExistingMessageRoute):
            return route.message_route_id
        wanted = CreateMessageRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure_id(
            MESSAGE_ROUTE_STEP,
            "the message route",
            RouteActivities.create_message_route,
            RouteActivities.find_message_route,
            wanted,
            compensate=lambda route_id: execute_idempotent_write(
                RouteActivities.delete_message_route, "Delete the message route", route_id
            ),
        )


async def ensure_voice_route(
    creator: ResourceCreator,
    route: NewVoiceRoute | ExistingVoiceRoute,
    account_id: str,
    marked_name: str,
) -> str:
    """The voice route's id; a new one goes by the name `marked_name`."""
    async with creator.progress.step(VOICE_ROUTE_STEP):
        if isinstance(route, ExistingVoiceRoute):
            return route.voice_route_id
        wanted = CreateVoiceRoute(account_id=account_id, marked_name=marked_name, route=route)
        return await creator.ensure_id(
            VOICE_ROUTE_STEP,
            "the voice route",
            RouteActivities.create_voice_route,
            RouteActivities.find_voice_route,
            wanted,
            compensate=lambda route_id: execute_idempotent_write(
                RouteActivities.delete_voice_route, "Delete the voice route", route_id
            ),
        )
