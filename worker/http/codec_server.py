"""The codec server: decrypts payloads for the Temporal UI and command line, and encrypts input."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from google.protobuf.json_format import MessageToDict, Parse, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from telegent_orchestrator.encryption import CodecError, EncryptionCodec
from worker.errors import WorkerError
from worker.http.auth import authenticate, basic_header, bearer_header, read_body
from worker.http.serving import server
from worker.settings.codec import CodecServerSettings, Operator

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Temporal accepts 2 MB per payload and 4 MB per message; base64 adds a third, and the UI sends the
payloads of several events together."""
BODY_TIMEOUT = timedelta(seconds=10)
UNAUTHENTICATED_NAME = "unauthenticated (loopback)"
"""The caller's name in the log if no operators are configured."""
SIGN_IN_MESSAGE = (
    "sign in: open the codec server's address (path /) in a browser, enter your name and token, "
    "and reload the Temporal UI; for the command line set "
    "TEMPORAL_CODEC_AUTH='Bearer <your token>'"
)
ORIGIN_MESSAGE = (
    "pages of this origin may not use the codec server: add it to "
    "TELEGENT_CODEC_ALLOWED_ORIGINS if it is your Temporal UI"
)
BASIC_CHALLENGE = 'Basic realm="Temporal codec server", charset="UTF-8"'
BEARER_CHALLENGE = 'Bearer realm="Temporal codec server"'
"""For requests of a web page: a Basic challenge would make the browser prompt for credentials and
hold the request back, so that the Temporal UI could not show what is wrong."""
CLOSE_CONNECTION = {"Connection": "close"}
"""For responses that are sent before the whole body was read."""
NO_STORE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_NAMESPACE = re.compile(r"[A-Za-z0-9._-]{1,255}")

PayloadConversion = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]
OperatorEndpoint = Callable[[Request, str], Awaitable[Response]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
audit_log: structlog.stdlib.BoundLogger = structlog.get_logger("codec_audit")


def codec_app(
    codec: EncryptionCodec, allowed_origins: Sequence[str], operators: Sequence[Operator] = ()
) -> Starlette:
    """The application: `POST /encode` and `POST /decode` with Temporal's Payloads as JSON.

    With `operators` it requires a name and token (Basic) or a token (Bearer); a browser can sign in
    at `GET /`. Statuses: 400 for a body that is not Payloads or cannot be decrypted, 401 for wrong
    or missing credentials, 403 for a page whose origin is not in `allowed_origins`, 408 and 413 for
    a body that takes too long or is too large. `GET /healthz` and `GET /readyz` always return 200,
    because it depends on no other service.
    """
    accepted = _accepted_credentials(operators)

    def require_auth(endpoint: OperatorEndpoint) -> Callable[[Request], Awaitable[Response]]:
        async def authenticated(request: Request) -> Response:
            # CORS only hides the response from a page; a page of another origin must get none.
            origin = request.headers.get("origin")
            if origin is not None and origin not in allowed_origins:
                log.warning("rejected: origin not allowed", origin=origin[:255])
                return PlainTextResponse(ORIGIN_MESSAGE, 403)
            operator = authenticate(request, accepted) if accepted else UNAUTHENTICATED_NAME
            if operator is None:
                log.warning("rejected: wrong or missing credentials", client=_client_host(request))
                challenge = BASIC_CHALLENGE if origin is None else BEARER_CHALLENGE
                return PlainTextResponse(SIGN_IN_MESSAGE, 401, {"WWW-Authenticate": challenge})
            return await endpoint(request, operator)

        return authenticated

    return Starlette(
        routes=[
            Route("/", require_auth(_sign_in)),
            Route(
                "/encode",
                require_auth(_conversion_endpoint(codec.encode, "encrypted")),
                methods=["POST"],
            ),
            Route(
                "/decode",
                require_auth(_conversion_endpoint(codec.decode, "decrypted")),
                methods=["POST"],
            ),
            Route("/healthz", _healthz),
            Route("/readyz", _healthz),
        ],
        middleware=[_cors(allowed_origins, credentials=bool(operators))],
    )


def _cors(allowed_origins: Sequence[str], *, credentials: bool) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=allowed_origins,
        allow_methods=["POST"],
        # The UI sends the first two with every request.
        allow_headers=["content-type", "x-namespace", "authorization"],
        allow_credentials=credentials,
    )


def _conversion_endpoint(convert: PayloadConversion, audit_event: str) -> OperatorEndpoint:
    async def endpoint(request: Request, operator: str) -> Response:
        body = await _read_body(request)
        if isinstance(body, Response):
            return body
        try:
            payloads = Parse(body, Payloads()).payloads
        except (ParseError, UnicodeDecodeError, RecursionError):
            return PlainTextResponse("the body is not Temporal Payloads JSON", 400)
        try:
            converted = await convert(payloads)
        except CodecError as error:
            return PlainTextResponse(str(error), 400)
        audit_log.info(
            audit_event,
            operator=operator,
            namespace=_namespace(request),
            payloads=len(converted),
        )
        return JSONResponse(MessageToDict(Payloads(payloads=converted)), headers=NO_STORE_HEADERS)

    return endpoint


async def _read_body(request: Request) -> bytes | Response:
    """The body, or the response if it cannot be read."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT.total_seconds()):
            body = await read_body(request, MAX_BODY_BYTES)
    except TimeoutError:
        return PlainTextResponse("timeout while reading the body", 408, CLOSE_CONNECTION)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has disconnected
    if body is None:
        too_large = f"the body is larger than {MAX_BODY_BYTES} bytes"
        return PlainTextResponse(too_large, 413, CLOSE_CONNECTION)
    return body


async def _sign_in(request: Request, operator: str) -> Response:
    return PlainTextResponse(
        f"Signed in to the codec server as {operator}. Now reload the Temporal UI.\n",
        headers=NO_STORE_HEADERS,
    )


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


def serve_codec(settings: CodecServerSettings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        WorkerError: There is no key to decrypt with.
    """
    if not settings.payload_keys:
        raise WorkerError("TELEGENT_PAYLOAD_KEYS is not set; there is nothing to decrypt with")
    if not settings.codec_operators:
        log.warning(
            "any process on this machine can read payloads: TELEGENT_CODEC_OPERATORS is unset"
        )
    # Access to payloads is logged whatever the log level.
    logging.getLogger("codec_audit").setLevel(logging.INFO)
    app = codec_app(
        EncryptionCodec(settings.payload_keys),
        settings.codec_allowed_origins,
        settings.codec_operators,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises SIGINT again when it is done
        server(app, settings.codec_host, settings.codec_port).run()


def _accepted_credentials(operators: Sequence[Operator]) -> dict[bytes, str]:
    """Operator names by Authorization header."""
    accepted = {}
    for operator in operators:
        token = operator.token.get_secret_value()
        accepted[basic_header(operator.name, token)] = operator.name
        accepted[bearer_header(token)] = operator.name
    return accepted


def _namespace(request: Request) -> str:
    """The namespace that the caller names, if it is a valid name."""
    name = request.headers.get("x-namespace", "")
    return name if _NAMESPACE.fullmatch(name) else "not named"


def _client_host(request: Request) -> str:
    return request.client.host if request.client else "unknown"
