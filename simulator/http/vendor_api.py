"""The API under /v1.0: faults, rate limit, tokens, then the operation."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from simulator.engine.errors import ApiError, from_validation
from simulator.engine.faults import Fault
from simulator.engine.fields import ResponseBody
from simulator.http import spelling
from simulator.http.operations import OPERATIONS, TOKEN_PATHS
from simulator.http.request_log import RequestEntry
from simulator.http.server import abort_connection
from simulator.http.tokens import TokenRequest

if TYPE_CHECKING:
    from simulator.simulator import Simulator


class VendorApi:
    """ASGI application for all paths under /v1.0."""

    def __init__(self, simulator: "Simulator") -> None:
        self._sim = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request, or cut its connection if a fault says so."""
        request = Request(scope, receive)
        path = request.url.path
        entry = RequestEntry(
            self._sim.clock.now(), request.method, path, is_token=path in TOKEN_PATHS
        )
        self._sim.requests.append(entry)
        fault = self._sim.faults.next(request.method, path)
        entry.fault = fault.kind if fault else None
        response = await self._respond(request, entry, fault)
        if response is None:
            await abort_connection(scope, receive)
            return
        entry.status = response.status_code
        await response(scope, receive, send)

    async def _respond(
        self, request: Request, entry: RequestEntry, fault: Fault | None
    ) -> Response | None:
        """Return the response; None to cut the connection."""
        kind = fault.kind if fault else None
        if fault and kind in ("refuse_connection", "error_before", "429", "401", "delay_effect"):
            if kind == "refuse_connection":
                return None
            if kind != "delay_effect":
                return self._error_response(_injected_error(fault))
            await asyncio.sleep(fault.seconds)
        try:
            raw = await request.body()
        except ClientDisconnect:
            return None
        if not await self._pass_gate(request, raw, entry, "before"):
            return None
        try:
            response = self._execute(request, raw, entry)
        except ApiError as error:
            response = self._error_response(error)
        if not await self._pass_gate(request, raw, entry, "after"):
            return None
        if fault is None or kind == "delay_effect":
            return response
        if kind == "drop_response":
            return None
        if kind == "delay_response":
            await asyncio.sleep(fault.seconds)
            return response
        return self._faulty_response(fault, response)

    async def _pass_gate(
        self, request: Request, raw: bytes, entry: RequestEntry, point: Literal["before", "after"]
    ) -> bool:
        """Wait at a gate that the request has reached. Returns whether the request continues."""
        gates = self._sim.gates
        if not entry.is_token:
            gate = gates.next(point, request.method, entry.path)
        elif point == "before" and (path := _token_path(raw)):
            gate = gates.next("token", None, path)
        else:
            return True
        return gate is None or await gate.hold(_wait_for_disconnect(request))

    def _execute(self, request: Request, raw: bytes, entry: RequestEntry) -> Response:
        """Execute a request. Contains no `await`: it is executed as a whole or not at all."""
        sim = self._sim
        if sim.rate_limit:
            sim.rate_limit.admit(sim.clock.now())
        if entry.is_token:
            if request.method != "POST":
                raise _method_not_allowed(request)
            return JSONResponse(self._token(raw, entry))
        methods = OPERATIONS.get(entry.path)
        if methods is None:
            raise ApiError(404, f"Not found: there is no operation {entry.path}.")
        operation = methods.get(request.method)
        if operation is None:
            raise _method_not_allowed(request)
        url = f"{request.url.scheme}://{request.url.netloc}{entry.path}"
        sim.tokens.check(request.headers.get("authorization"), url)
        given = dict(request.query_params) if request.method == "GET" else _parse_json(raw)
        sim.state.process_due_events()
        mixes_spellings = sim.options.id_spelling == "mixed"
        body = operation.run(
            sim.state.lagged_view() if operation.lagged else sim.state,
            spelling.to_stored(given) if mixes_spellings else given,
        )
        if operation.sets and sim.options.empty_success:
            return Response(status_code=sim.options.empty_success)
        is_respelled = mixes_spellings and request.method == "GET"
        return JSONResponse(spelling.to_other(body) if is_respelled else body)

    def _token(self, raw: bytes, entry: RequestEntry) -> ResponseBody:
        try:
            token_request = TokenRequest.model_validate(_parse_json(raw))
        except ValidationError as error:
            raise from_validation(error) from None
        entry.token_for = token_request.path
        return self._sim.tokens.issue(token_request)

    def _error_response(self, error: ApiError) -> Response:
        headers = {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        body = error.body(self._sim.options.error_body)
        return JSONResponse(body, status_code=error.status, headers=headers)

    def _faulty_response(self, fault: Fault, response: Response) -> Response:
        if fault.kind == "error_after":
            return self._error_response(_injected_error(fault))
        if response.status_code >= 400:
            return response
        if fault.kind == "html":
            return HTMLResponse("<html><body>Gateway</body></html>")
        if fault.kind == "report_failure":
            message = {"ErrorMessage": "The server could not complete the request."}
            content = json.loads(bytes(response.body) or b"{}")
            return JSONResponse(content | message if isinstance(content, dict) else content)
        whole = bytes(response.body)
        body = whole[: len(whole) // 2] if fault.kind == "broken_json" else b""
        return Response(body, media_type="application/json")


def _injected_error(fault: Fault) -> ApiError:
    if fault.kind == "429":
        text = "Too many requests: rate limit exceeded."
        return ApiError(429, text, retry_after=fault.retry_after)
    if fault.kind == "401":
        return ApiError(401, "Unauthorized: Bearer token is missing, expired, or invalid.")
    return ApiError(fault.status, "The server could not complete the request.")


def _method_not_allowed(request: Request) -> ApiError:
    return ApiError(405, f"{request.method} is not allowed at {request.url.path}.")


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _token_path(raw: bytes) -> str | None:
    """Return the endpoint of a token request; None if it cannot be read."""
    try:
        return TokenRequest.model_validate_json(raw).path
    except ValueError:
        return None


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(400, "Bad request: the body is not valid JSON.") from None
