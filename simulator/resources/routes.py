"""Message routes and voice routes: where traffic of a number is delivered."""

from typing import Literal

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import Answer, Body, Json, Query, Text, Uri
from simulator.engine.state import World, changed

Auth = Literal["None", "Basic", "Bearer"]
Verb = Literal["GET", "POST"]
Transport = Literal["UDP", "TCP", "TLS"]


class MessageRouteFields(Body):
    """The optional fields of a message route."""

    MessageRouteEnabled: bool | None = None
    MessageAuthenticationType: Auth | None = None
    MessageUsername: str | None = None
    MessagePasswordToken: str | None = None
    CallbackMessageUrl: Uri | None = None
    CallbackMessageUrlMethod: Verb | None = None
    CallbackMessageAuthenticationType: Auth | None = None
    CallbackMessageUsername: str | None = None
    CallbackMessagePasswordToken: str | None = None
    InboundBypass: bool | None = None
    OutboundBypass: bool | None = None
    IntelligentRouteEnabled: bool | None = None
    AccountId: str | None = None


class CreateMessageRoute(MessageRouteFields):
    """POST message/routes."""

    RouteName: Text
    MessageUrl: Uri
    MessageUrlMethod: Verb


class UpdateMessageRoute(MessageRouteFields):
    """POST message/routes/update; null clears a field, an omitted one stays."""

    MessageRouteId: Text
    RouteName: Text | None = None
    MessageUrl: Uri | None = None
    MessageUrlMethod: Verb | None = None


class MessageRouteQuery(Query):
    """GET message/routes; both spellings are documented."""

    MessageRouteId: str | None = None
    MessageRouteID: str | None = None


class DeleteMessageRoute(Body):
    """POST message/routes/delete."""

    MessageRouteId: Text


class IpAddress(Body):
    """One entry of a whitelist."""

    IpAddress: Text


class VoiceRouteFields(Body):
    """The optional fields of a voice route; `Trunk1Priortiy` is the vendor's own spelling."""

    VoiceUrl: Uri | None = None
    VoiceUrlMethod: Verb | None = None
    VoiceAuthenticationType: Auth | None = None
    VoiceUsername: str | None = None
    VoicePasswordToken: str | None = None
    CallbackVoiceUrl: Uri | None = None
    CallbackVoiceUrlMethod: Verb | None = None
    TrunkIp1: str | None = None
    TrunkIp2: str | None = None
    TrunkPort1: str | None = None
    TrunkPort2: str | None = None
    TrunkTransport1: Transport | None = None
    TrunkTransport2: Transport | None = None
    TrunkUri1: Uri | None = None
    TrunkUri2: Uri | None = None
    TrunkEnabled1: bool | None = None
    TrunkEnabled2: bool | None = None
    Trunk1Priortiy: int | None = None
    Trunk2Priortiy: int | None = None
    Trunk1Weight: int | None = None
    Trunk2Weight: int | None = None
    HeaderManipulation: str | None = None
    EnableSipRefer: bool | None = None
    SymmetricRtp: bool | None = None
    EnableTrpSecureTrunk: bool | None = None
    EnablePstnTransfer: bool | None = None
    CnamLookup: bool | None = None
    EnableCallStreaming: bool | None = None
    TransferCallerId: str | None = None
    IpWhitelist: list[IpAddress] | None = None
    TerminationUriSubdomain: str | None = None
    WssUri: Uri | None = None
    RouteEnabled: bool | None = None
    IntelligentRouteEnabled: bool | None = None
    AccountId: str | None = None


class CreateVoiceRoute(VoiceRouteFields):
    """POST voice/routes."""

    RouteName: Text
    RouteType: Literal["Trunk", "URL", "Forward"]


class UpdateVoiceRoute(VoiceRouteFields):
    """POST voice/routes/update."""

    CallRouteId: Text
    RouteName: Text | None = None
    RouteType: Literal["Trunk", "URL", "Forward"] | None = None


class VoiceRouteQuery(Query):
    """GET voice/routes; both spellings are in use."""

    CallRouteID: str | None = None
    CallRouteId: str | None = None


class DeleteVoiceRoute(Body):
    """POST voice/routes/delete."""

    CallRouteId: Text


class AccountRoutesQuery(Query):
    """GET account/message/routes and account/voice/routes."""

    AccountId: str | None = None


# In no published answer, or only sometimes: routing secrets and flags the samples leave out.
_MESSAGE_HIDDEN = {
    "MessagePasswordToken",
    "CallbackMessagePasswordToken",
    "InboundBypass",
    "OutboundBypass",
    "IntelligentRouteEnabled",
}
_VOICE_HIDDEN = {
    "VoiceAuthenticationType",
    "VoiceUsername",
    "VoicePasswordToken",
    "CallbackVoiceUrl",
    "CallbackVoiceUrlMethod",
    "IpWhitelist",
}


def create_message_route(world: World, body: CreateMessageRoute) -> Answer:
    """A new message route each time; names may repeat."""
    route = {"MessageRouteId": world.new_id("MRID"), **body.model_dump()}
    route["AccountId"] = world.account_for(body.AccountId)
    if body.MessageRouteEnabled is None:
        route["MessageRouteEnabled"] = True
    _check_credentials(route, "Message")
    _check_credentials(route, "CallbackMessage")
    world.message_routes[route["MessageRouteId"]] = route
    world.commit("message_route.created", _message_facts(route))
    return _shown_message(world, route)


def get_message_route(world: World, query: MessageRouteQuery) -> Answer:
    """One message route by id."""
    route_id = query.MessageRouteId or query.MessageRouteID
    return _shown_message(world, world.find(world.message_routes, route_id, "MessageRouteId"))


def update_message_route(world: World, body: UpdateMessageRoute) -> Answer:
    """Changes what was sent."""
    route = world.find(world.message_routes, body.MessageRouteId, "MessageRouteId")
    after = {**route, **body.sent()}
    after["AccountId"] = world.account_for(after["AccountId"])
    _check_filled(after, "RouteName", "MessageUrl", "MessageUrlMethod")
    _check_credentials(after, "Message")
    _check_credentials(after, "CallbackMessage")
    route.update(after)
    sent = changed(body.sent(), "MessageRouteId")
    world.commit("message_route.updated", {**_message_facts(route), "fields": sent})
    return _shown_message(world, route)


def delete_message_route(world: World, body: DeleteMessageRoute) -> Answer:
    """Refused while a number uses the route (the documents disagree; this is the safe reading)."""
    route = world.find(world.message_routes, body.MessageRouteId, "MessageRouteId")
    if any(n.message_route_id == body.MessageRouteId for n in world.numbers.values()):
        raise invalid("MessageRouteId", "This message route is assigned to numbers")
    del world.message_routes[body.MessageRouteId]
    world.commit("message_route.deleted", _message_facts(route))
    return {"MessageRouteStatus": "Deleted", "MRID": body.MessageRouteId}


def list_message_routes(world: World, query: AccountRoutesQuery) -> Answer:
    """The message routes of an account, with the list's own spelling `AccountID`."""
    account_id = world.account_for(query.AccountId)
    rows = [
        _respelled(_shown_message(world, route))
        for route in world.message_routes.values()
        if route["AccountId"] == account_id
    ]
    return {"AccountID": account_id, "TotalRoutes": len(rows), "Results": rows}


def create_voice_route(world: World, body: CreateVoiceRoute) -> Answer:
    """A new voice route each time; names may repeat."""
    route = {"CallRouteId": world.new_id("CRID"), **body.model_dump()}
    route["AccountId"] = world.account_for(body.AccountId)
    _check_voice(route)
    world.voice_routes[route["CallRouteId"]] = route
    world.commit("voice_route.created", _voice_facts(route))
    return _shown_voice(route)


def get_voice_route(world: World, query: VoiceRouteQuery) -> Answer:
    """One voice route by id."""
    route_id = query.CallRouteID or query.CallRouteId
    return _shown_voice(world.find(world.voice_routes, route_id, "CallRouteId"))


def update_voice_route(world: World, body: UpdateVoiceRoute) -> Answer:
    """Changes what was sent."""
    route = world.find(world.voice_routes, body.CallRouteId, "CallRouteId")
    after = {**route, **body.sent()}
    after["AccountId"] = world.account_for(after["AccountId"])
    _check_filled(after, "RouteName", "RouteType")
    _check_voice(after)
    route.update(after)
    sent = changed(body.sent(), "CallRouteId")
    world.commit("voice_route.updated", {**_voice_facts(route), "fields": sent})
    return _shown_voice(route)


def delete_voice_route(world: World, body: DeleteVoiceRoute) -> Answer:
    """Refused while a number uses the route."""
    route = world.find(world.voice_routes, body.CallRouteId, "CallRouteId")
    if any(n.voice_route_id == body.CallRouteId for n in world.numbers.values()):
        raise invalid("CallRouteId", "This voice route is assigned to numbers")
    del world.voice_routes[body.CallRouteId]
    world.commit("voice_route.deleted", _voice_facts(route))
    return {"CallRouteStatus": "Deleted", "CallRouteId": body.CallRouteId}


def list_voice_routes(world: World, query: AccountRoutesQuery) -> Answer:
    """The voice routes of an account; rows have no VoiceUrl and spell `IpWhitelist` as sent."""
    account_id = world.account_for(query.AccountId)
    rows = []
    for route in world.voice_routes.values():
        if route["AccountId"] == account_id:
            row = _respelled(_shown_voice(route))
            del row["VoiceUrl"], row["IpWhiteList"]
            row["IpWhitelist"] = route["IpWhitelist"] or []
            rows.append({"CallRouteStatus": "Active", **row})
    return {"AccountID": account_id, "TotalRoutes": len(rows), "Results": rows}


def _check_filled(route: Json, *names: str) -> None:
    for name in names:
        if not route.get(name):
            raise missing(name)


def _check_credentials(route: Json, prefix: str) -> None:
    kind = route.get(f"{prefix}AuthenticationType")
    if kind == "Basic" and not route.get(f"{prefix}Username"):
        raise missing(f"{prefix}Username")
    if kind in ("Basic", "Bearer") and not route.get(f"{prefix}PasswordToken"):
        raise missing(f"{prefix}PasswordToken")


def _check_voice(route: Json) -> None:
    if route["RouteType"] == "URL":
        _check_filled(route, "VoiceUrl", "VoiceUrlMethod")
    if route["RouteType"] == "Trunk" and not (route.get("TrunkIp1") or route.get("TrunkUri1")):
        raise missing("TrunkIp1")


def _message_facts(route: Json) -> Json:
    return {
        "message_route_id": route["MessageRouteId"],
        "account_id": route["AccountId"],
        "name": route["RouteName"],
    }


def _voice_facts(route: Json) -> Json:
    return {
        "voice_route_id": route["CallRouteId"],
        "account_id": route["AccountId"],
        "name": route["RouteName"],
    }


def _respelled(row: Json) -> Json:
    return {"AccountID" if key == "AccountId" else key: value for key, value in row.items()}


def _shown_message(world: World, route: Json) -> Json:
    shown = {key: value for key, value in route.items() if key not in _MESSAGE_HIDDEN}
    if world.options.route_enabled_oddity:
        shown["MessageRouteEnabled"] = False
    return shown


def _shown_voice(route: Json) -> Json:
    shown = {key: value for key, value in route.items() if key not in _VOICE_HIDDEN}
    # The published answers show an empty, differently spelled list whatever was sent.
    return {**shown, "IpWhiteList": []}
