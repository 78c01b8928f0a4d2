"""A receiver of events: keeps those whose signature is valid."""

import asyncio
import base64
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devstack.tcp_ports import HOST
from telegent_orchestrator.events import Event, SignatureError, verify_signature

WAIT_TIMEOUT = 20.0
"""Seconds for an event to arrive after the workflow that sends it has ended."""


class EventLog:
    """The events received so far, each once: one whose response is lost is delivered again."""

    def __init__(self) -> None:
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self._events: dict[str, Event] = {}
        self._arrived = asyncio.Event()

    @property
    def events(self) -> list[Event]:
        """The events, in the order in which they arrived."""
        return list(self._events.values())

    def receive(self, event: Event) -> None:
        """Keep an event."""
        self._events[event.id] = event
        self._arrived.set()

    async def wait_until(self, complete: Callable[[list[Event]], bool]) -> None:
        """Return when the events are complete, or after WAIT_TIMEOUT."""
        try:
            async with asyncio.timeout(WAIT_TIMEOUT):
                while not complete(self.events):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Receive events in a thread while the block runs.

        Yields:
            The URL for TELEGENT_EVENT_URLS.
        """
        log, loop = self, asyncio.get_running_loop()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                try:
                    verify_signature(log.secret, dict(self.headers), body)
                except SignatureError as error:
                    self.send_error(401, str(error))
                    return
                loop.call_soon_threadsafe(log.receive, Event.model_validate_json(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing: it would break the demo's output."""

        with ThreadingHTTPServer((HOST, 0), Receiver) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://{HOST}:{server.server_port}/events"
            finally:
                server.shutdown()
                thread.join()
