"""Run a program that starts child processes, so that they end with it whatever ends it."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from devstack.child_process import StackError

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work to its end.

    Returns:
        The result of the work.

    Raises:
        typer.Exit: Status 1 after a StackError, whose message is printed; 128 + n after signal n.
    """
    received: list[signal.Signals] = []

    async def until_signal() -> T:
        task = asyncio.ensure_future(work)

        def stop(number: signal.Signals) -> None:
            # A second Ctrl-C must not interrupt the stopping of our processes.
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
