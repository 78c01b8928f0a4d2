"""Watches an onboarding, a port-in or a bulk until it has ended or needs an operator."""

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
    typer.Option("--watch", help="Watch until it finishes or needs an operator (exit status 3)."),
]
POLL_INTERVAL = 1.0
"""Seconds between two polls."""
REPLY_TIMEOUT = 20.0
"""Seconds within which a worker must respond to a query or message."""
STABLE_POLLS = 3
"""Consecutive polls that must show that an operator is needed: the effect of a message that an
operator has just sent takes a moment to show."""


async def with_timeout(call: Awaitable[T]) -> T:
    """The response. Raises TimeoutError if no worker responds."""
    async with asyncio.timeout(REPLY_TIMEOUT):
        return await call


async def watch_views(
    poll: Callable[[], Awaitable[AnyView]], notify: Callable[[str], None], watch_command: str
) -> AsyncIterator[AnyView]:
    """Yield each changed view, the last one when it has ended or needs an operator.

    Args:
        poll: Reads the view.
        notify: Called with a message when Temporal or its worker stops responding.
        watch_command: The command that watches again after Ctrl-C.
    """
    last: AnyView | None = None
    stable_polls = 0

    def on_unavailable(_: Exception) -> None:
        notify("Temporal or its worker does not respond; still trying …")

    try:
        while True:
            view = await retry_until_available(
                lambda: with_timeout(poll()), timedelta(seconds=POLL_INTERVAL), on_unavailable
            )
            changed = last is None or view.fingerprint() != last.fingerprint()
            if changed:
                yield view
            last = view
            waits = view.state is State.NEEDS_OPERATOR and not view.in_progress
            stable_polls = stable_polls + 1 if waits and not changed else 0
            if view.ended_at or stable_polls >= STABLE_POLLS:
                return
            await asyncio.sleep(POLL_INTERVAL)
    except asyncio.CancelledError:
        raise CommandError(
            "stopped watching; what was started continues",
            ExitStatus.INTERRUPTED,
            next_steps=[NextStep(reason="watch it again with:", commands=[watch_command])],
        ) from None
