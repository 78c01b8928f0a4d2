"""Gates: hold a request at a chosen point, for example to kill its sender in the middle of it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal

from simulator.engine.faults import matches

GatePoint = Literal["token", "before", "after"]


@dataclass
class Gate:
    """Holds the first request that matches, until it is released.

    A request whose client disconnects before the release is dropped: if it was not executed by
    then, it never is.

    Attributes:
        match: Pattern, as in `Fault`.
        point: `token` holds the token request for the endpoint, `before` the request before it is
            executed, `after` the request after it is executed and before the response.
    """

    match: str
    point: GatePoint
    _reached: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def reached(self) -> None:
        """Wait until a request is held."""
        await self._reached.wait()

    def release(self) -> None:
        """Let the request continue, or pass if it has not arrived yet."""
        self._released.set()

    async def hold(self, disconnected: Awaitable[None]) -> bool:
        """Hold a request.

        Args:
            disconnected: Ends when the client disconnects.

        Returns:
            Whether the request continues.
        """
        self._reached.set()
        disconnecting = asyncio.ensure_future(disconnected)
        released = asyncio.ensure_future(self._released.wait())
        try:
            await asyncio.wait({disconnecting, released}, return_when=asyncio.FIRST_COMPLETED)
            return not disconnecting.done()
        finally:
            disconnecting.cancel()
            released.cancel()


@dataclass
class GateRegistry:
    """The gates that no request has reached yet."""

    _pending: list[Gate] = field(default_factory=list)

    def close(self, match: str, point: GatePoint) -> Gate:
        """Close a gate for one request."""
        gate = Gate(match, point)
        self._pending.append(gate)
        return gate

    def next(self, point: GatePoint, method: str | None, path: str) -> Gate | None:
        """Return the gate that this request has reached, if any. Token requests have no method."""
        for gate in self._pending:
            if gate.point == point and matches(gate.match, method, path):
                self._pending.remove(gate)
                return gate
        return None
