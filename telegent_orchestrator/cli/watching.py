"""Following an onboarding or a port-in until it has ended, or only people can move it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

import typer

from telegent_orchestrator.cli.results import Advice, Exit, Stop
from telegent_orchestrator.cli.views import State, View
from telegent_orchestrator.client._polling import answered

Seen = TypeVar("Seen", bound=View)
Answer = TypeVar("Answer")
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Follow it until it has ended, or only people can move it (status 3)."
    ),
]
EVERY = 1.0
"""Seconds between looks."""
PATIENCE = 20.0
"""Seconds for one look or message, in which a worker must answer."""
STILL = 3
"""Looks in a row that must show that only people can move it: an answer of theirs takes a moment
to show."""


async def within_patience(question: Awaitable[Answer]) -> Answer:
    """The answer. Raises TimeoutError when no worker gives one."""
    async with asyncio.timeout(PATIENCE):
        return await question


async def watched(
    look: Callable[[], Awaitable[Seen]], note: Callable[[str], None], again: str
) -> AsyncIterator[Seen]:
    """Yields what `look` sees whenever it has changed; the last one tells how it stands at the end.

    A server or worker that is away is waited for, with one `note`. `again`: the command that
    watches again, for whoever stops this with Ctrl-C.
    """
    last: Seen | None = None
    still = 0

    def away(_: Exception) -> None:
        note("no answer from Temporal or its worker just now; still trying …")

    try:
        while True:
            now = await answered(lambda: within_patience(look()), timedelta(seconds=EVERY), away)
            changed = last is None or now.news() != last.news()
            if changed:
                yield now
            last = now
            still = 0 if changed or now.state is not State.NEEDS_PERSON or now.moving else still + 1
            if now.ended_at or still >= STILL:
                return
            await asyncio.sleep(EVERY)
    except asyncio.CancelledError:
        raise Stop(
            "not watched any more; what was started goes on",
            Exit.INTERRUPTED,
            next_steps=[Advice(why="watch it again with:", commands=[again])],
        ) from None
