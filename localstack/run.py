"""Running something that has processes of its own, so that they end with it whatever ends it."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from localstack.processes import StackError

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Does the work; ends the program with 1 when it cannot be done, 128 + n after signal n."""
    received: list[signal.Signals] = []

    async def until_signal() -> T:
        task = asyncio.ensure_future(work)

        def stop(number: signal.Signals) -> None:
            # A second Ctrl-C must not cut off the stopping of our processes.
            if not received:
                received.append(number)
                typer.echo("Stopping …")
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        return await task

    try:
        return asyncio.run(until_signal())
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except asyncio.CancelledError:
        raise typer.Exit(128 + received[0]) from None
