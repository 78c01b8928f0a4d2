"""The vendor's webhook for `Order_Update`: a hint that makes the order's port-in look at once.

The vendor documents neither the body nor a signature (only Basic or Bearer credentials), so an
event counts as a hint and never as news: the only thing taken from it is the order's id, and the
port-in asks the vendor itself. Which port-in that is, Temporal knows by search attribute; there
is nothing here to keep or to lose.
"""

import asyncio
import contextlib
import re
from collections import Counter
from datetime import timedelta
from typing import Literal, get_args

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.names import ORDER_ATTRIBUTE, ORDER_EVENT_SIGNAL, PORT_IN_WORKFLOW
from worker.connect import connect
from worker.http.auth import basic, bearer, body_within, sender
from worker.http.health import temporal_serves
from worker.search_attributes import require_search_attributes
from worker.settings import WebhookSettings
from worker.telemetry.metrics import process_runtime

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATH = "/telegent/order-update"
VENDOR = "Telegent"
BODY_LIMIT = 64 * 1024
"""Bytes: far more than an event with one order needs."""
BODY_TIMEOUT = timedelta(seconds=10)
TEMPORAL_TIMEOUT = timedelta(seconds=8)
"""For finding and signalling together; then the vendor is asked to come again."""
GATHERING = timedelta(seconds=2)
"""How long a hint waits for more about the same order: together they are one signal, sent after
the last event that it stands for, so that no change falls behind the look that it causes."""
ORDERS_LIMIT = 20
"""Order ids taken from one body; each costs a question to Temporal."""

ORDER_PREFIX = "JNUOID-"
_ID = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
# By prefix anywhere, or by key as JSON (also inside a JSON string), XML and forms write it.
_ORDER = re.compile(
    rf"(?P<by_prefix>{ORDER_PREFIX}{_ID})|order_?id[\"'\\\s]{{0,8}}[:=>][\"'\\\s]{{0,8}}(?P<by_key>{_ID})",
    re.IGNORECASE,
)


What = Literal[
    "received",
    "signals",
    "coalesced",
    "unknown_orders",
    "without_order",
    "unauthorized",
    "too_large",
    "too_slow",
    "temporal_unreachable",
]
"""What is counted."""


class Tally:
    """Counts what happens, for `GET /healthz` and for Prometheus."""

    def __init__(self, meter: MetricMeter) -> None:
        self.counters: Counter[str] = Counter()
        self._events = meter.create_counter("telegent_webhook_events", "Order updates")
        for what in get_args(What):
            # Prometheus would not see the first one of a series that begins with it.
            self._events.add(0, {"what": what})

    def __call__(self, what: What) -> None:
        """One more of `what`."""
        self.counters[what] += 1
        self._events.add(1, {"what": what})


class Nudger:
    """Signals the port-in of an order, once for all hints that come within `GATHERING`."""

    def __init__(self, temporal: Client, count: Tally) -> None:
        self._temporal = temporal
        self._count = count
        self._waiting: dict[str, asyncio.Task[None]] = {}

    async def nudge(self, order_id: str) -> None:
        """Returns when the signal is sent, or when no open port-in has this order.

        Raises RPCError or TimeoutError when Temporal cannot be asked.
        """
        waiting = self._waiting.get(order_id)
        if waiting is None:
            waiting = self._waiting[order_id] = asyncio.create_task(self._after_a_while(order_id))
        else:
            self._count("coalesced")
        # One caller that goes away must not take the signal from the others.
        await asyncio.shield(waiting)

    async def _after_a_while(self, order_id: str) -> None:
        await asyncio.sleep(GATHERING.total_seconds())
        # From here on a new hint may be newer than what the port-in will see.
        del self._waiting[order_id]
        async with asyncio.timeout(TEMPORAL_TIMEOUT.total_seconds()):
            signalled = await self._signal(order_id)
        self._count("signals" if signalled else "unknown_orders")
        # What only stands where an id should, nobody knows: it may be anything.
        known = signalled or order_id.upper().startswith(ORDER_PREFIX)
        log.info("order update", order_id=order_id if known else "unknown", port_ins=signalled)

    async def _signal(self, order_id: str) -> int:
        # The id's own alphabet has nothing that could end the quotes.
        owners = self._temporal.list_workflows(
            f'{ORDER_ATTRIBUTE} = "{order_id}" AND ExecutionStatus = "Running" '
            f'AND WorkflowType = "{PORT_IN_WORKFLOW}"'
        )
        signalled = 0
        async for owner in owners:
            try:
                await self._temporal.get_workflow_handle(owner.id).signal(ORDER_EVENT_SIGNAL)
                signalled += 1
            except RPCError as error:
                # It has ended since the list was made.
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        return signalled


def orders_in(body: bytes) -> list[str]:
    """The ids of orders in a body of any format, each once: JSON, XML, form or plain text."""
    found = _ORDER.finditer(body.decode("utf-8", errors="replace"))
    ids = dict.fromkeys(match["by_prefix"] or match["by_key"] for match in found)
    return list(ids)[:ORDERS_LIMIT]


def webhook_app(
    temporal: Client, settings: WebhookSettings, meter: MetricMeter = MetricMeter.noop
) -> Starlette:
    """The application: `POST` or `PUT /telegent/order-update`, `GET /healthz` with counters, and
    `GET /readyz`, which is 503 while Temporal cannot be reached.

    200: taken, whether or not there was anything to do; a repeat would change nothing. 401: wrong
    or no credentials. 408, 413: the body takes too long, is too large. 503: Temporal cannot be
    reached, send it again.
    """
    count = Tally(meter)
    nudger = Nudger(temporal, count)
    accepted = _accepted(settings)

    async def order_update(request: Request) -> Response:
        count("received")
        if accepted and sender(request, accepted) is None:
            count("unauthorized")
            return PlainTextResponse(
                "wrong or no credentials", 401, {"WWW-Authenticate": 'Basic, Bearer realm="events"'}
            )
        try:
            async with asyncio.timeout(BODY_TIMEOUT.total_seconds()):
                body = await body_within(request, BODY_LIMIT)
        except TimeoutError:
            count("too_slow")
            return PlainTextResponse("the body took too long", 408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if body is None:
            count("too_large")
            return PlainTextResponse(f"the body is larger than {BODY_LIMIT} bytes", 413)
        orders = orders_in(body)
        if not orders:
            count("without_order")
            log.warning("an order update names no order")
            return PlainTextResponse("ok")
        results = await asyncio.gather(*map(nudger.nudge, orders), return_exceptions=True)
        for failure in filter(None, results):
            if not isinstance(failure, RPCError | TimeoutError):
                raise failure
            count("temporal_unreachable")
            log.error("Temporal cannot be reached", reason=str(failure) or "no answer in time")
            return PlainTextResponse("not now; send it again", 503)
        return PlainTextResponse("ok")

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", "counters": dict(sorted(count.counters.items()))})

    async def readyz(request: Request) -> Response:
        if await temporal_serves(temporal):
            return PlainTextResponse("ready")
        return PlainTextResponse("Temporal cannot be reached", 503)

    return Starlette(
        routes=[
            Route(PATH, order_update, methods=["POST", "PUT"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )


async def serve_webhook(settings: WebhookSettings) -> None:
    """Serve until SIGTERM or SIGINT; requests in hand are finished.

    Raises WorkerError if Temporal cannot be reached at the start or lacks the search attribute.
    """
    runtime = process_runtime(settings.metrics_address())
    temporal = await connect(settings.payload_keys, runtime)
    await require_search_attributes(temporal)
    if not _accepted(settings):
        log.warning("anyone on this machine can send order updates: no credentials are set")
    config = uvicorn.Config(
        webhook_app(temporal, settings, runtime.metric_meter),
        host=settings.webhook_host,
        port=settings.webhook_port,
        # uvicorn's lines go through the process's own logging.
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises SIGINT again when it is done
        await uvicorn.Server(config).serve()


def _accepted(settings: WebhookSettings) -> dict[bytes, str]:
    """The Authorization headers that are right, all of the one sender that there is."""
    accepted = {}
    if name := settings.webhook_username:
        accepted[basic(name, settings.webhook_password.get_secret_value())] = VENDOR
    if token := settings.webhook_token.get_secret_value():
        accepted[bearer(token)] = VENDOR
    return accepted
