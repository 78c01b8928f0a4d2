"""Following an onboarding or a port-in until it has ended, or only people can move it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

import typer

from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.cli.views import State, View
from telegent_orchestrator.client._polling import retry_until_available

AnyView = TypeVar("AnyView", bound=View)
T = TypeVar("T")
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Follow it until it has ended, or only people can move it (status 3)."
    ),
]
POLL_INTERVAL = 1.0
"""Seconds between looks."""
REPLY_TIMEOUT = 20.0
"""Seconds for one look or message, in which a worker must answer."""
STABLE_POLLS = 3
"""Looks in a row that must show that only people can move it: an answer of theirs takes a moment
to show."""


async def with_timeout(call: Awaitable[T]) -> T:
    """The answer. Raises TimeoutError when no worker gives one."""
    async with asyncio.timeout(REPLY_TIMEOUT):
        return await call


async def watch_views(
    poll: Callable[[], Awaitable[AnyView]], notify: Callable[[str], None], watch_command: str
) -> AsyncIterator[AnyView]:
    """Yields what `poll` sees whenever it has changed; the last one tells how it stands at the end.

    A server or worker that is away is waited for, with one `notify`.
    `watch_command`: the command that
    watches again, for whoever stops this with Ctrl-C.
    """
    last: AnyView | None = None
    stable_polls = 0

    def on_unavailable(_: Exception) -> None:
        notify("no answer from Temporal or its worker just now; still trying …")

    try:
        while True:
            view = await retry_until_available(
                lambda: with_timeout(poll()), timedelta(seconds=POLL_INTERVAL), on_unavailable
            )
            changed = last is None or view.fingerprint() != last.fingerprint()
            if changed:
                yield view
            last = view
            stable_polls = (
                0
                if changed or view.state is not State.NEEDS_OPERATOR or view.in_progress
                else stable_polls + 1
            )
            if view.ended_at or stable_polls >= STABLE_POLLS:
                return
            await asyncio.sleep(POLL_INTERVAL)
    except asyncio.CancelledError:
        raise CommandError(
            "not watched any more; what was started goes on",
            ExitStatus.INTERRUPTED,
            next_steps=[NextStep(reason="watch it again with:", commands=[watch_command])],
        ) from None
