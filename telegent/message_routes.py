"""Message routes (MRID-...): where a number's messages are delivered. A number needs one."""

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
    """A new route. Names need not be unique: a repeat may create a second."""

    route_name: Text
    message_url: WebUrl
    message_url_method: UrlMethod


class MessageRouteUpdate(_MessageRouteSettings):
    """New values for a route. A field that is not given keeps its value; None clears it."""

    message_route_id: Text
    route_name: Text | None = None
    message_url: WebUrl | None = None
    message_url_method: UrlMethod | None = None

    def body(self) -> dict[str, object]:
        """The JSON body; a field that was given as None is sent as null."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class MessageRoute(ResponseModel):
    """A message route. The vendor may echo its secrets, so their fields are kept out of reprs."""

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
    """Create, read, change and delete message routes."""

    async def create(self, request: MessageRouteCreate) -> MessageRoute:
        """Create a route."""
        return await self._requester.post(_PATH, MessageRoute, request)

    async def get(self, message_route_id: str) -> MessageRoute:
        """Read one route. The vendor compares the id with its capitals."""
        return await self._requester.get(_PATH, MessageRoute, {"MessageRouteId": message_route_id})

    async def update(self, request: MessageRouteUpdate) -> MessageRoute:
        """Change a route, for every number on it."""
        return await self._requester.post(f"{_PATH}/update", MessageRoute, request)

    async def delete(self, message_route_id: str) -> None:
        """Delete a route for good.

        One that is in use is refused in one of the vendor's documents and leaves its numbers
        without routing in another: look at the inventory first.
        """
        await self._requester.delete(f"{_PATH}/delete", {"MessageRouteId": message_route_id})

    async def list(self, account_id: str | None = None) -> ListOf[MessageRoute]:
        """All routes of the account."""
        return await self._requester.get_list(
            "/v1.0/account/message/routes", MessageRoute, {"AccountId": account_id}
        )
