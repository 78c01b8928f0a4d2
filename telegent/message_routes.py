"""Message routes (MRID-...): where messages are delivered. Every number needs one."""

from typing import Annotated

from pydantic import Field

from telegent._models import (
    Id,
    RequestModel,
    ResponseModel,
    RouteAuthentication,
    Text,
    UrlMethod,
    WebUrl,
)
from telegent._requester import ListOf, Resource

_PATH = "/v1.0/message/routes"


class _MessageRouteSettings(RequestModel):
    message_route_enabled: bool | None = None
    message_authentication_type: RouteAuthentication | None = None
    message_username: str | None = None
    message_password_token: Annotated[
        str | None, Field(repr=False, description="password for Basic, token for Bearer")
    ] = None
    callback_message_url: WebUrl | None = None
    callback_message_url_method: UrlMethod | None = None
    callback_message_authentication_type: RouteAuthentication | None = None
    callback_message_username: str | None = None
    callback_message_password_token: Annotated[str | None, Field(repr=False)] = None
    inbound_bypass: bool | None = None
    outbound_bypass: bool | None = None
    intelligent_route_enabled: bool | None = None
    account_id: Annotated[
        Text | None, Field(description="needed when the key has several accounts")
    ] = None


class MessageRouteCreate(_MessageRouteSettings):
    """A new route. Names need not be unique: a repeat may create a second route."""

    route_name: Text
    message_url: WebUrl
    message_url_method: UrlMethod


class MessageRouteUpdate(_MessageRouteSettings):
    """New values of a route. Only given fields change; None clears a field."""

    message_route_id: Text
    route_name: Text | None = None
    message_url: WebUrl | None = None
    message_url_method: UrlMethod | None = None

    def body(self) -> dict[str, object]:
        """Return the JSON body, with null for fields that were set to None."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class MessageRoute(ResponseModel):
    """A message route. The vendor may echo its secrets, which reprs omit."""

    message_route_id: Id
    account_id: str | None = None
    route_name: str | None = None
    message_url: str | None = None
    message_url_method: str | None = None
    message_route_enabled: bool | None = None
    message_authentication_type: str | None = None
    message_username: str | None = None
    message_password_token: Annotated[str | None, Field(repr=False)] = None
    callback_message_url: str | None = None
    callback_message_url_method: str | None = None
    callback_message_authentication_type: str | None = None
    callback_message_username: str | None = None
    callback_message_password_token: Annotated[str | None, Field(repr=False)] = None
    inbound_bypass: bool | None = None
    outbound_bypass: bool | None = None
    intelligent_route_enabled: bool | None = None


class MessageRoutes(Resource):
    """Create, read, update and delete message routes."""

    async def create(self, request: MessageRouteCreate) -> MessageRoute:
        """Create a route."""
        return await self._requester.post(_PATH, MessageRoute, request)

    async def get(self, message_route_id: str) -> MessageRoute:
        """Read one route. The vendor compares the id case-sensitively."""
        return await self._requester.get(_PATH, MessageRoute, {"MessageRouteId": message_route_id})

    async def update(self, request: MessageRouteUpdate) -> MessageRoute:
        """Update a route, for all numbers that use it."""
        return await self._requester.post(f"{_PATH}/update", MessageRoute, request)

    async def delete(self, message_route_id: str) -> None:
        """Delete a route permanently.

        The vendor rejects the delete of a route in use according to one document, and leaves its
        numbers without routing according to another: check the inventory first.
        """
        await self._requester.delete(f"{_PATH}/delete", {"MessageRouteId": message_route_id})

    async def list(self, account_id: str | None = None) -> ListOf[MessageRoute]:
        """List the routes of the account."""
        return await self._requester.get_list(
            "/v1.0/account/message/routes", MessageRoute, {"AccountId": account_id}
        )
