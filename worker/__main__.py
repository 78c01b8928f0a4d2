"""`python -m worker`: run the worker or another command."""

import asyncio
import logging
import sys
import time

import typer

from worker.connect import connect
from worker.errors import WorkerError
from worker.http.codec_server import serve_codec
from worker.http.webhook import serve_webhook
from worker.replay import replay_open_workflows
from worker.run import run
from worker.search_attributes import register_search_attributes
from worker.settings import (
    SettingsError,
    WebhookSettings,
    WorkerSettings,
    load_settings,
    markdown_table,
)
from worker.settings.base import CommonSettings
from worker.settings.codec import CodecServerSettings
from worker.telemetry.logging import configure_logging

app = typer.Typer(
    add_completion=False,
    # A traceback with local variables would show secrets.
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def worker(context: typer.Context) -> None:
    """Run the worker (without a command), or one of the commands below."""
    if context.invoked_subcommand is None:
        settings = load_settings(WorkerSettings)
        configure_logging(settings.log_level, settings.log_format, settings.secrets())
        asyncio.run(run(settings))


@app.command("codec-server")
def codec_server() -> None:
    """Serve a remote codec, which decrypts payloads for the Temporal UI and command line."""
    settings = load_settings(CodecServerSettings)
    configure_logging(settings.log_level, settings.log_format, settings.secrets())
    serve_codec(settings)


@app.command()
def webhook() -> None:
    """Receive Telegent's order updates, and make port-ins poll their orders at once."""
    settings = load_settings(WebhookSettings)
    configure_logging(settings.log_level, settings.log_format, settings.secrets())
    asyncio.run(serve_webhook(settings))


@app.command("search-attributes")
def search_attributes() -> None:
    """Register missing search attributes in the namespace."""

    async def register() -> dict[str, bool]:
        return await register_search_attributes(await connect(()))

    for name, added in asyncio.run(register()).items():
        typer.echo(f"{name}: {'registered' if added else 'already registered'}")


@app.command()
def replay() -> None:
    """Replay every open workflow with this build, before it is deployed; changes nothing."""
    settings = load_settings(CommonSettings)

    async def find_errors() -> list[str]:
        errors, count = [], 0
        async for workflow in replay_open_workflows(await connect(settings.payload_keys)):
            count += 1
            if workflow.error:
                errors.append(f"{workflow.workflow_id}: {workflow.error}")
        typer.echo(f"{count - len(errors)} of {count} open workflows can continue with this build")
        return errors

    # The reason is part of our own message.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    if errors := asyncio.run(find_errors()):
        raise WorkerError("\n".join(errors))


@app.command()
def settings() -> None:
    """Print every setting as a Markdown table."""
    typer.echo(markdown_table())


def main() -> int:
    """Run the command line.

    Returns:
        The exit status: 2 for invalid settings, 1 for any other failure.
    """
    try:
        app()
    except SettingsError as error:
        for line in error.messages:
            typer.echo(line, err=True)
        return 2
    except WorkerError as error:
        typer.echo(str(error), err=True)
        return 1
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else 1
    return 0


if __name__ == "__main__":
    status = main()
    # Threads of the Temporal SDK may still be ending. If the interpreter shuts down under them, the
    # process aborts with status 134 instead of ours (SDK issue 300).
    time.sleep(0.1)
    sys.exit(status)
