"""Temporal's remote codec: shows encrypted payloads in the UI and the command line tool."""

from collections.abc import Awaitable, Callable, Sequence

import uvicorn
from google.protobuf.json_format import MessageToDict, Parse, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from telegent_orchestrator.encryption import CodecError, EncryptionCodec
from worker.errors import WorkerError
from worker.settings import CodecServerSettings

Convert = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def codec_app(codec: EncryptionCodec, allowed_origins: Sequence[str]) -> Starlette:
    """The application: `POST /encode` and `POST /decode` take and give Temporal's Payloads JSON.

    400 with one line for what is not Payloads or cannot be decrypted; `GET /healthz` says 200.
    """

    def endpoint(convert: Convert) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                sent = Parse(await request.body(), Payloads())
            except (ParseError, UnicodeDecodeError):
                return PlainTextResponse("the body is not Temporal Payloads JSON", 400)
            try:
                converted = await convert(sent.payloads)
            except CodecError as error:
                return PlainTextResponse(str(error), 400)
            return JSONResponse(MessageToDict(Payloads(payloads=converted)))

        return answer

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/encode", endpoint(codec.encode), methods=["POST"]),
            Route("/decode", endpoint(codec.decode), methods=["POST"]),
            Route("/healthz", healthz),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=allowed_origins,
                allow_methods=["POST"],
                # The UI sends both with every request.
                allow_headers=["content-type", "x-namespace"],
            )
        ],
    )


def serve_codec(settings: CodecServerSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises WorkerError if there is no key to decrypt with."""
    if not settings.payload_keys:
        raise WorkerError("TELEGENT_PAYLOAD_KEYS is not set; there is nothing to decrypt with")
    app = codec_app(EncryptionCodec(settings.payload_keys), settings.codec_allowed_origins)
    # log_config None: uvicorn's lines go through the process's own logging.
    uvicorn.run(
        app,
        host=settings.codec_host,
        port=settings.codec_port,
        log_config=None,
        access_log=False,
    )
