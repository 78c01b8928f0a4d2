"""Voice routes (CRID-...): where calls are delivered. A number with voice needs one."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telegent._models import (
    Id,
    RequestModel,
    ResponseModel,
    RouteAuthentication,
    SocketUrl,
    Text,
    UrlMethod,
    WebUrl,
    WireNames,
)
from telegent._requester import ListOf, Resource

RouteType = Literal["Trunk", "URL", "Forward"]
TrunkTransport = Literal["UDP", "TCP", "TLS"]

_PATH = "/v1.0/voice/routes"


class AllowedIp(RequestModel):
    """An IP address from which the trunk accepts traffic."""

    ip_address: Text


class _VoiceRouteSettings(RequestModel):
    voice_url: WebUrl | None = None
    voice_url_method: UrlMethod | None = None
    voice_username: str | None = None
    voice_password_token: Annotated[str | None, Field(repr=False)] = None
    callback_voice_url: WebUrl | None = None
    callback_voice_url_method: UrlMethod | None = None
    trunk_ip1: str | None = None
    trunk_ip2: str | None = None
    trunk_port1: Annotated[str | None, Field(pattern=r"^[0-9]{1,5}$")] = None
    trunk_port2: Annotated[str | None, Field(pattern=r"^[0-9]{1,5}$")] = None
    trunk_transport1: TrunkTransport | None = None
    trunk_transport2: TrunkTransport | None = None
    trunk_uri1: str | None = None
    trunk_uri2: str | None = None
    trunk_enabled1: bool | None = None
    trunk_enabled2: bool | None = None
    # The vendor's own field names are misspelled.
    trunk1_priority: Annotated[int | None, Field(alias="Trunk1Priortiy")] = None
    trunk2_priority: Annotated[int | None, Field(alias="Trunk2Priortiy")] = None
    trunk1_weight: int | None = None
    trunk2_weight: int | None = None
    header_manipulation: str | None = None
    enable_sip_refer: bool | None = None
    symmetric_rtp: bool | None = None
    enable_trp_secure_trunk: bool | None = None
    enable_pstn_transfer: bool | None = None
    cnam_lookup: bool | None = None
    enable_call_streaming: bool | None = None
    ip_whitelist: list[AllowedIp] | None = None
    termination_uri_subdomain: str | None = None
    wss_uri: SocketUrl | None = None
    route_enabled: bool | None = None
    intelligent_route_enabled: bool | None = None
    account_id: Annotated[
        Text | None, Field(description="needed when the key has several accounts")
    ] = None


class VoiceRouteCreate(_VoiceRouteSettings):
    """A new route. Names need not be unique: a repeat may create a second route.

    A ``URL`` route needs `voice_url` and `voice_url_method`. The vendor documents no field for the
    destination of a ``Forward`` route.
    """

    route_name: Text
    route_type: RouteType
    voice_authentication_type: RouteAuthentication | None = None
    transfer_caller_id: str | None = None

    @model_validator(mode="after")
    def _check_url_route(self) -> Self:
        if self.route_type == "URL" and not (self.voice_url and self.voice_url_method):
            raise ValueError("a URL route needs voice_url and voice_url_method")
        return self


class VoiceRouteUpdate(_VoiceRouteSettings):
    """New values of a route. Only given fields change, within ten minutes (onboarding, phase 3).

    The vendor documents fewer values of `voice_authentication_type` for updates.
    """

    call_route_id: Text
    route_name: Text | None = None
    route_type: RouteType | None = None
    voice_authentication_type: Literal["Basic", "Bearer"] | None = None
    transfer_caller_id: Literal["Transferee", "Transferor", "Transferee/Transferor"] | None = None


class VoiceRoute(ResponseModel):
    """A voice route. Other trunk settings are in `model_extra`."""

    call_route_id: Id
    call_route_status: str | None = None
    account_id: str | None = None
    route_name: str | None = None
    route_type: str | None = None
    voice_url: str | None = None
    voice_url_method: str | None = None
    voice_authentication_type: Annotated[str | None, WireNames("VocieAuthenticationType")] = None
    voice_username: str | None = None
    voice_password_token: Annotated[str | None, Field(repr=False)] = None
    callback_voice_url: str | None = None
    trunk_ip1: str | None = None
    trunk_port1: str | None = None
    trunk_transport1: str | None = None
    trunk_uri1: str | None = None
    trunk_enabled1: bool | None = None
    route_enabled: bool | None = None
    intelligent_route_enabled: bool | None = None


class VoiceRoutes(Resource):
    """Create, read, update and delete voice routes."""

    async def create(self, request: VoiceRouteCreate) -> VoiceRoute:
        """Create a route."""
        return await self._requester.post(_PATH, VoiceRoute, request)

    async def get(self, call_route_id: str) -> VoiceRoute:
        """Read one route."""
        # This parameter ends in "ID" in the OAS, unlike the field.
        return await self._requester.get(_PATH, VoiceRoute, {"CallRouteID": call_route_id})

    async def update(self, request: VoiceRouteUpdate) -> VoiceRoute:
        """Update a route, for all numbers that use it."""
        return await self._requester.post(f"{_PATH}/update", VoiceRoute, request)

    async def delete(self, call_route_id: str) -> None:
        """Delete a route permanently; see `MessageRoutes.delete` about routes in use."""
        await self._requester.delete(f"{_PATH}/delete", {"CallRouteId": call_route_id})

    async def list(self, account_id: str | None = None) -> ListOf[VoiceRoute]:
        """List the routes of the account."""
        return await self._requester.get_list(
            "/v1.0/account/voice/routes", VoiceRoute, {"AccountId": account_id}
        )
