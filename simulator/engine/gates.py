"""Calls held on demand, so that whoever makes them can be ended in the middle of one."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal

from simulator.engine.faults import matches

Moment = Literal["token", "before", "after"]


@dataclass
class Gate:
    """Holds the first call that `match` means (as in `Fault`), until it is released.

    Moments: `token` holds the token call for that endpoint, `before` the call itself with nothing
    done, `after` the call with all done and nothing answered. A call whose client goes away before
    its release is given up: what was not done by then is never done.
    """

    match: str
    moment: Moment
    _reached: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def reached(self) -> None:
        """Wait until a call is held."""
        await self._reached.wait()

    def release(self) -> None:
        """Let the call go on, or pass when it has not come yet."""
        self._released.set()

    async def hold(self, gone: Awaitable[None]) -> bool:
        """Holds a call; whether it goes on. `gone` ends when its client has gone away."""
        self._reached.set()
        leaving = asyncio.ensure_future(gone)
        released = asyncio.ensure_future(self._released.wait())
        try:
            await asyncio.wait({leaving, released}, return_when=asyncio.FIRST_COMPLETED)
            return not leaving.done()
        finally:
            leaving.cancel()
            released.cancel()


@dataclass
class Gates:
    """The gates that no call has come to yet."""

    _closed: list[Gate] = field(default_factory=list)

    def close(self, match: str, moment: Moment) -> Gate:
        """Closes a gate for one call."""
        gate = Gate(match, moment)
        self._closed.append(gate)
        return gate

    def next(self, moment: Moment, method: str | None, path: str) -> Gate | None:
        """The gate that this call has come to, if any. A token is asked for without a method."""
        for gate in self._closed:
            if gate.moment == moment and matches(gate.match, method, path):
                self._closed.remove(gate)
                return gate
        return None
