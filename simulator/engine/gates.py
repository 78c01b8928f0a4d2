"""Calls held on demand, so that whoever makes them can be ended in the middle of one."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal

from simulator.engine.faults import matches

GatePoint = Literal["token", "before", "after"]


@dataclass
class Gate:
    """Holds the first call that `match` means (as in `Fault`), until it is released.

    Points: `token` holds the token call for that endpoint, `before` the call itself with nothing
    done, `after` the call with all done and nothing answered. A call whose client goes away before
    its release is given up: what was not done by then is never done.
    """

    match: str
    point: GatePoint
    _reached: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def reached(self) -> None:
        """Wait until a call is held."""
        await self._reached.wait()

    def release(self) -> None:
        """Let the call go on, or pass when it has not come yet."""
        self._released.set()

    async def hold(self, disconnected: Awaitable[None]) -> bool:
        """Holds a call; whether it goes on. `disconnected` ends when its client has gone away."""
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
    """The gates that no call has come to yet."""

    _pending: list[Gate] = field(default_factory=list)

    def close(self, match: str, point: GatePoint) -> Gate:
        """Closes a gate for one call."""
        gate = Gate(match, point)
        self._pending.append(gate)
        return gate

    def next(self, point: GatePoint, method: str | None, path: str) -> Gate | None:
        """The gate that this call has come to, if any. A token is asked for without a method."""
        for gate in self._pending:
            if gate.point == point and matches(gate.match, method, path):
                self._pending.remove(gate)
                return gate
        return None
