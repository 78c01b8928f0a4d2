"""The receiver of Telegent's `Order_Update` webhook, which makes a port-in poll its order at once.

Telegent documents neither the body nor a signature (only Basic or Bearer credentials), so an update
is a trigger to poll and never data: only the order id is taken from it, and the port-in polls the
order itself. Temporal finds the port-in by search attribute, so this process keeps no state.
"""

import asyncio
import codecs
import contextlib
import re
import zlib
from collections import Counter
from datetime import timedelta
from typing import Literal, get_args

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.names import ORDER_ATTRIBUTE, POLL_NOW_SIGNAL, PORT_IN_WORKFLOW
from worker.connect import connect, describe_connection
from worker.http.auth import authenticate, basic_header, bearer_header, read_body
from worker.http.health import is_temporal_serving
from worker.http.serving import server
from worker.search_attributes import require_search_attributes
from worker.settings import WebhookSettings
from worker.telemetry.metrics import create_runtime

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ORDER_UPDATE_PATH = "/telegent/order-update"
VENDOR_NAME = "Telegent"
MAX_BODY_BYTES = 64 * 1024
"""Far more than an update about one order needs."""
BODY_TIMEOUT = timedelta(seconds=10)
TEMPORAL_TIMEOUT = timedelta(seconds=8)
"""For finding and signalling the port-ins; after that Telegent is told to retry."""
CHALLENGE = {"WWW-Authenticate": 'Basic, Bearer realm="events"'}
DEBOUNCE = timedelta(seconds=2)
"""How long updates about one order are coalesced. Their one signal is sent after the last of them,
so that no change is missed by the poll that it causes."""
MAX_ORDERS = 20
"""Most order ids of one body; each costs a query to Temporal."""

ORDER_PREFIX = "JNUOID-"
_ID = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
# By prefix anywhere, or by key as in JSON (also inside a JSON string), XML and forms.
_ORDER_ID = re.compile(
    rf"(?P<by_prefix>{ORDER_PREFIX}{_ID})|order_?id[\"'\\\s]{{0,8}}[:=>][\"'\\\s]{{0,8}}(?P<by_key>{_ID})",
    # Without regard to case, a letter outside of ASCII would equal one inside: İ is i, too.
    re.IGNORECASE | re.ASCII,
)


# From the first of several backslashes only, or a body of nothing else would take seconds.
_ASCII_ESCAPE = re.compile(r"(?<!\\)\\+u00([2-7][0-9a-fA-F])")
_CHARSET = re.compile(r"charset=[\"']?([\w.-]+)", re.IGNORECASE)
_QUADRATIC_CODECS = ("punycode", "idna")
"""A body in one of these could keep the event loop busy for seconds."""
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


WebhookOutcome = Literal[
    "received",
    "signals",
    "coalesced",
    "unknown_orders",
    "without_order",
    "unauthorized",
    "too_large",
    "too_slow",
    "unreadable",
    "temporal_unreachable",
]
"""Label values of telegent_webhook_events."""


class WebhookMetrics:
    """Counters for `GET /healthz` and for Prometheus."""

    def __init__(self, meter: MetricMeter) -> None:
        self.counters: Counter[str] = Counter()
        self._events = meter.create_counter(
            "telegent_webhook_events", "Order updates received from Telegent, by outcome"
        )
        for outcome in get_args(WebhookOutcome):
            # Prometheus would miss the first increment of a series that starts with it.
            self._events.add(0, {"outcome": outcome})

    def __call__(self, outcome: WebhookOutcome) -> None:
        """Count one `outcome`."""
        self.counters[outcome] += 1
        self._events.add(1, {"outcome": outcome})


class OrderSignaller:
    """Signals the port-in of an order, once for all updates that arrive within DEBOUNCE."""

    def __init__(self, temporal: Client, metrics: WebhookMetrics) -> None:
        self._temporal = temporal
        self._metrics = metrics
        self._pending: dict[str, asyncio.Task[None]] = {}

    async def signal_order(self, order_id: str) -> None:
        """Return when the signal is sent, or when no open port-in has this order.

        Raises:
            RPCError, TimeoutError: Temporal cannot be queried.
        """
        pending = self._pending.get(order_id)
        if pending is None:
            pending = self._pending[order_id] = asyncio.create_task(
                self._signal_after_debounce(order_id)
            )
        else:
            self._metrics("coalesced")
        # A caller that disconnects must not cancel the signal for the others.
        await asyncio.shield(pending)

    async def _signal_after_debounce(self, order_id: str) -> None:
        await asyncio.sleep(DEBOUNCE.total_seconds())
        # An update after this moment may be newer than what the port-in will read.
        del self._pending[order_id]
        async with asyncio.timeout(TEMPORAL_TIMEOUT.total_seconds()):
            signalled = await self._signal_port_ins(order_id)
        self._metrics("signals" if signalled else "unknown_orders")
        # An id that is known by its key only may be any text.
        known = signalled or order_id.upper().startswith(ORDER_PREFIX)
        log.info("order update", order_id=order_id if known else "unknown", port_ins=signalled)

    async def _signal_port_ins(self, order_id: str) -> int:
        # The pattern of an id allows no quotes.
        port_ins = self._temporal.list_workflows(
            f'{ORDER_ATTRIBUTE} = "{order_id}" AND ExecutionStatus = "Running" '
            f'AND WorkflowType = "{PORT_IN_WORKFLOW}"'
        )
        signalled = 0
        async for port_in in port_ins:
            try:
                await self._temporal.get_workflow_handle(port_in.id).signal(POLL_NOW_SIGNAL)
                signalled += 1
            except RPCError as error:
                # It has ended since it was listed.
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        return signalled


def decode_body(body: bytes, content_encoding: str, content_type: str) -> str | None:
    """The text of a body.

    Args:
        body: As received.
        content_encoding: The header `Content-Encoding`; gzip and deflate are understood.
        content_type: The header `Content-Type`, whose charset counts unless there is a byte order
            mark.

    Returns:
        The text with JSON's `\\u` escapes of ASCII characters resolved, or None if it cannot be
        decoded or is too large when decompressed.
    """
    for encoding in reversed([part.strip() for part in content_encoding.lower().split(",")]):
        if encoding in ("gzip", "x-gzip", "deflate"):
            # 32: recognizes the headers of both formats.
            decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                body = decompressor.decompress(body, MAX_BODY_BYTES)
            except zlib.error:
                return None
            if not decompressor.eof or decompressor.unused_data:
                return None
        elif encoding not in ("", "identity"):
            return None
    text = _decode_text(body, content_type)
    return _ASCII_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _decode_text(body: bytes, content_type: str) -> str:
    charset = _CHARSET.search(content_type)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return body.decode(encoding, errors="replace")
    # JSON begins with an ASCII character, whose zero byte shows the byte order.
    if body[:1] == b"\0" or body[1:2] == b"\0":
        return body.decode("utf-16-be" if body[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        codec = codecs.lookup(charset[1] if charset else "utf-8")
        if codec.name not in _QUADRATIC_CODECS:
            return body.decode(codec.name, errors="replace")
    except (LookupError, ValueError):
        # No charset, or one such as `undefined` that cannot decode any text.
        pass
    return body.decode("utf-8", errors="replace")


def extract_order_ids(text: str) -> list[str]:
    """The order ids in a text of any format (JSON, XML, form, plain text), each once."""
    matches = _ORDER_ID.finditer(text)
    ids = dict.fromkeys(match["by_prefix"] or match["by_key"] for match in matches)
    return list(ids)[:MAX_ORDERS]


def webhook_app(
    temporal: Client, settings: WebhookSettings, meter: MetricMeter = MetricMeter.noop
) -> Starlette:
    """The application: `POST` or `PUT /telegent/order-update`, `GET /healthz`, `GET /readyz`.

    Statuses of an update: 200 if it was accepted, whether or not there was anything to do; 401 for
    wrong or missing credentials; 408, 413 and 415 for a body that takes too long, is too large or
    cannot be decoded; 503 if Temporal cannot be reached, so that Telegent retries. `/healthz` shows
    the counters; `/readyz` returns 503 while Temporal cannot be reached.
    """
    metrics = WebhookMetrics(meter)
    signaller = OrderSignaller(temporal, metrics)
    accepted = _accepted_credentials(settings)

    async def order_update(request: Request) -> Response:
        metrics("received")
        if accepted and authenticate(request, accepted) is None:
            metrics("unauthorized")
            return PlainTextResponse("wrong or missing credentials", 401, CHALLENGE)
        order_ids = await _read_order_ids(request, metrics)
        if isinstance(order_ids, Response):
            return order_ids
        results = await asyncio.gather(
            *map(signaller.signal_order, order_ids), return_exceptions=True
        )
        for failure in filter(None, results):
            if not isinstance(failure, RPCError | TimeoutError):
                raise failure
            metrics("temporal_unreachable")
            log.error("Temporal cannot be reached", reason=str(failure) or "timeout")
            return PlainTextResponse("Temporal cannot be reached; retry later", 503)
        return PlainTextResponse("ok")

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", "counters": dict(sorted(metrics.counters.items()))})

    async def readyz(request: Request) -> Response:
        ready = await is_temporal_serving(temporal)
        return PlainTextResponse("ready" if ready else "not ready", 200 if ready else 503)

    return Starlette(
        routes=[
            Route(ORDER_UPDATE_PATH, order_update, methods=["POST", "PUT"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )


async def _read_order_ids(request: Request, metrics: WebhookMetrics) -> list[str] | Response:
    """The order ids in the body, or the response if there are none."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT.total_seconds()):
            body = await read_body(request, MAX_BODY_BYTES)
    except TimeoutError:
        metrics("too_slow")
        return PlainTextResponse("timeout while reading the body", 408)
    except ClientDisconnect:
        return Response(status_code=400)  # the client has disconnected
    if body is None:
        metrics("too_large")
        return PlainTextResponse(f"the body is larger than {MAX_BODY_BYTES} bytes", 413)
    text = decode_body(
        body,
        request.headers.get("content-encoding", ""),
        request.headers.get("content-type", ""),
    )
    if text is None:
        metrics("unreadable")
        log.warning("order update cannot be decoded")
        return PlainTextResponse("the body cannot be decoded", 415)
    order_ids = extract_order_ids(text)
    if not order_ids:
        metrics("without_order")
        log.warning("order update without an order id")
        return PlainTextResponse("accepted, but no order id was found")
    return order_ids


async def serve_webhook(settings: WebhookSettings) -> None:
    """Serve until SIGTERM or SIGINT; requests that were received are finished.

    Raises:
        WorkerError: Temporal cannot be reached at start, or lacks a search attribute.
    """
    runtime = create_runtime(settings.metrics_address())
    temporal = await connect(settings.payload_keys, runtime)
    log.info("connected to Temporal", **describe_connection(temporal))
    await require_search_attributes(temporal)
    if not _accepted_credentials(settings):
        log.warning("no credentials are set: any process on this machine can send order updates")
    app = webhook_app(temporal, settings, runtime.metric_meter)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises SIGINT again when it is done
        await server(app, settings.webhook_host, settings.webhook_port).serve()


def _accepted_credentials(settings: WebhookSettings) -> dict[bytes, str]:
    """The accepted Authorization headers, all of the one sender."""
    accepted = {}
    if name := settings.webhook_username:
        accepted[basic_header(name, settings.webhook_password.get_secret_value())] = VENDOR_NAME
    if token := settings.webhook_token.get_secret_value():
        accepted[bearer_header(token)] = VENDOR_NAME
    return accepted
