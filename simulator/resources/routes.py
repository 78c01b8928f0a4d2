"""Message routes and voice routes."""

from typing import Literal

from simulator.engine.errors import invalid, missing
from simulator.engine.fields import Body, Json, Query, ResponseBody, Text, Uri
from simulator.engine.state import SimulatorState, changed_fields

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


# Secrets and flags that published responses do not contain, or only some of them.
_MESSAGE_ROUTE_HIDDEN = {
    "MessagePasswordToken",
    "CallbackMessagePasswordToken",
    "InboundBypass",
    "OutboundBypass",
    "IntelligentRouteEnabled",
}
_VOICE_ROUTE_HIDDEN = {
    "VoiceAuthenticationType",
    "VoiceUsername",
    "VoicePasswordToken",
    "CallbackVoiceUrl",
    "CallbackVoiceUrlMethod",
    "IpWhitelist",
}


def create_message_route(state: SimulatorState, body: CreateMessageRoute) -> ResponseBody:
    """Create a message route. Names need not be unique."""
    route = {"MessageRouteId": state.new_id("MRID"), **body.model_dump()}
    route["AccountId"] = state.resolve_account(body.AccountId)
    if body.MessageRouteEnabled is None:
        route["MessageRouteEnabled"] = True
    _check_credentials(route, "Message")
    _check_credentials(route, "CallbackMessage")
    state.message_routes[route["MessageRouteId"]] = route
    state.commit("message_route.created", _message_ledger_data(route))
    return _message_route_response(state, route)


def get_message_route(state: SimulatorState, query: MessageRouteQuery) -> ResponseBody:
    """Return a message route."""
    route_id = query.MessageRouteId or query.MessageRouteID
    return _message_route_response(
        state, state.find(state.message_routes, route_id, "MessageRouteId")
    )


def update_message_route(state: SimulatorState, body: UpdateMessageRoute) -> ResponseBody:
    """Update a message route."""
    route = state.find(state.message_routes, body.MessageRouteId, "MessageRouteId")
    after = {**route, **body.sent_fields()}
    after["AccountId"] = state.resolve_account(after["AccountId"])
    _require_fields(after, "RouteName", "MessageUrl", "MessageUrlMethod")
    _check_credentials(after, "Message")
    _check_credentials(after, "CallbackMessage")
    route.update(after)
    sent = changed_fields(body.sent_fields(), "MessageRouteId")
    state.commit("message_route.updated", {**_message_ledger_data(route), "fields": sent})
    return _message_route_response(state, route)


def delete_message_route(state: SimulatorState, body: DeleteMessageRoute) -> ResponseBody:
    """Delete a route, unless a number uses it (Postman collection; the OAS allows it)."""
    route = state.find(state.message_routes, body.MessageRouteId, "MessageRouteId")
    if any(n.message_route_id == body.MessageRouteId for n in state.numbers.values()):
        raise invalid("MessageRouteId", "This message route is assigned to numbers")
    del state.message_routes[body.MessageRouteId]
    state.commit("message_route.deleted", _message_ledger_data(route))
    return {"MessageRouteStatus": "Deleted", "MRID": body.MessageRouteId}


def list_message_routes(state: SimulatorState, query: AccountRoutesQuery) -> ResponseBody:
    """List the message routes of an account, with the spelling `AccountID`."""
    account_id = state.resolve_account(query.AccountId)
    rows = [
        _with_list_spelling(_message_route_response(state, route))
        for route in state.message_routes.values()
        if route["AccountId"] == account_id
    ]
    return {"AccountID": account_id, "TotalRoutes": len(rows), "Results": rows}


def create_voice_route(state: SimulatorState, body: CreateVoiceRoute) -> ResponseBody:
    """Create a voice route. Names need not be unique."""
    route = {"CallRouteId": state.new_id("CRID"), **body.model_dump()}
    route["AccountId"] = state.resolve_account(body.AccountId)
    _check_voice(route)
    state.voice_routes[route["CallRouteId"]] = route
    state.commit("voice_route.created", _voice_ledger_data(route))
    return _voice_route_response(route)


def get_voice_route(state: SimulatorState, query: VoiceRouteQuery) -> ResponseBody:
    """Return a voice route."""
    route_id = query.CallRouteID or query.CallRouteId
    return _voice_route_response(state.find(state.voice_routes, route_id, "CallRouteId"))


def update_voice_route(state: SimulatorState, body: UpdateVoiceRoute) -> ResponseBody:
    """Update a voice route."""
    route = state.find(state.voice_routes, body.CallRouteId, "CallRouteId")
    after = {**route, **body.sent_fields()}
    after["AccountId"] = state.resolve_account(after["AccountId"])
    _require_fields(after, "RouteName", "RouteType")
    _check_voice(after)
    route.update(after)
    sent = changed_fields(body.sent_fields(), "CallRouteId")
    state.commit("voice_route.updated", {**_voice_ledger_data(route), "fields": sent})
    return _voice_route_response(route)


def delete_voice_route(state: SimulatorState, body: DeleteVoiceRoute) -> ResponseBody:
    """Delete a route, unless a number uses it."""
    route = state.find(state.voice_routes, body.CallRouteId, "CallRouteId")
    if any(n.voice_route_id == body.CallRouteId for n in state.numbers.values()):
        raise invalid("CallRouteId", "This voice route is assigned to numbers")
    del state.voice_routes[body.CallRouteId]
    state.commit("voice_route.deleted", _voice_ledger_data(route))
    return {"CallRouteStatus": "Deleted", "CallRouteId": body.CallRouteId}


def list_voice_routes(state: SimulatorState, query: AccountRoutesQuery) -> ResponseBody:
    """List the voice routes of an account, without VoiceUrl and with the spelling `IpWhitelist`."""
    account_id = state.resolve_account(query.AccountId)
    rows = []
    for route in state.voice_routes.values():
        if route["AccountId"] == account_id:
            row = _with_list_spelling(_voice_route_response(route))
            del row["VoiceUrl"], row["IpWhiteList"]
            row["IpWhitelist"] = route["IpWhitelist"] or []
            rows.append({"CallRouteStatus": "Active", **row})
    return {"AccountID": account_id, "TotalRoutes": len(rows), "Results": rows}


def _require_fields(route: Json, *names: str) -> None:
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
        _require_fields(route, "VoiceUrl", "VoiceUrlMethod")
    if route["RouteType"] == "Trunk" and not (route.get("TrunkIp1") or route.get("TrunkUri1")):
        raise missing("TrunkIp1")


def _message_ledger_data(route: Json) -> Json:
    return {
        "message_route_id": route["MessageRouteId"],
        "account_id": route["AccountId"],
        "name": route["RouteName"],
    }


def _voice_ledger_data(route: Json) -> Json:
    return {
        "voice_route_id": route["CallRouteId"],
        "account_id": route["AccountId"],
        "name": route["RouteName"],
    }


def _with_list_spelling(row: Json) -> Json:
    return {"AccountID" if key == "AccountId" else key: value for key, value in row.items()}


def _message_route_response(state: SimulatorState, route: Json) -> Json:
    response = {key: value for key, value in route.items() if key not in _MESSAGE_ROUTE_HIDDEN}
    if state.options.report_routes_disabled:
        response["MessageRouteEnabled"] = False
    return response


def _voice_route_response(route: Json) -> Json:
    response = {key: value for key, value in route.items() if key not in _VOICE_ROUTE_HIDDEN}
    # Published responses contain an empty list in another spelling, whatever was sent.
    return {**response, "IpWhiteList": []}
