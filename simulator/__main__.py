"""Runs the simulator by itself: `python -m simulator`."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from simulator.options import CarrierSetup, SimulatorOptions
from simulator.simulator import Simulator

_DEFAULTS = SimulatorOptions()


def main(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8099,
    url_file: Annotated[
        Path | None, typer.Option(help="Write the base URL here once it answers.")
    ] = None,
    account_key: Annotated[
        str, typer.Option(help="The AccountKey that gets tokens.")
    ] = _DEFAULTS.account_key,
    account_secret: Annotated[
        str, typer.Option(help="The AccountSecret that gets tokens.")
    ] = _DEFAULTS.account_secret,
    carrier: Annotated[
        Path | None,
        typer.Option(help='JSON file: {"records": {...}, "timings": {...}, "vocabulary": "kb"}.'),
    ] = None,
    rate_limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Requests per rolling minute, token calls included; unset: no limit."
        ),
    ] = None,
    retry_after: Annotated[
        bool, typer.Option(help="Whether a 429 says when to come back.")
    ] = _DEFAULTS.retry_after,
    async_provisioning: Annotated[
        float | None, typer.Option(min=0, help="Seconds until a provision order completes.")
    ] = None,
    list_lag: Annotated[
        float, typer.Option(min=0, help="Seconds until lists show what was created.")
    ] = _DEFAULTS.list_lag,
    token_ttl: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a token lives.")
    ] = _DEFAULTS.token_ttl,
    scope_status: Annotated[
        int, typer.Option(help="Answer to a token used at another endpoint: 401 or 403.")
    ] = _DEFAULTS.scope_status,
    body: Annotated[
        Literal["current", "rfc7807"], typer.Option(help="Which of the two error bodies to use.")
    ] = _DEFAULTS.error_body,
    accounts_envelope: Annotated[
        Literal["array", "results", "object"],
        typer.Option(help="Shape of the list of accounts."),
    ] = _DEFAULTS.accounts_envelope,
    report_routes_disabled: Annotated[
        bool, typer.Option(help="Always answer MessageRouteEnabled: false.")
    ] = _DEFAULTS.report_routes_disabled,
    ledger: Annotated[
        Path | None, typer.Option(help="Append every committed effect here, as JSON lines.")
    ] = None,
    manual_clock: Annotated[
        bool, typer.Option(help="Time stands still until POST /_sim/clock/advance.")
    ] = _DEFAULTS.manual_clock,
) -> None:
    """Serve a stateful Telegent mPaaS API, with a slow carrier behind it, on this machine."""
    if scope_status not in (401, 403):
        raise typer.BadParameter("expected 401 or 403", param_hint="--scope-status")
    options = SimulatorOptions(
        account_key=account_key,
        account_secret=account_secret,
        token_ttl=token_ttl,
        scope_status=401 if scope_status == 401 else 403,
        rate_limit=rate_limit,
        retry_after=retry_after,
        async_provisioning=async_provisioning,
        list_lag=list_lag,
        error_body=body,
        accounts_envelope=accounts_envelope,
        report_routes_disabled=report_routes_disabled,
        carrier=_carrier_setup(carrier) if carrier else CarrierSetup(),
        ledger_file=ledger,
        manual_clock=manual_clock,
    )
    try:
        simulator = Simulator(options)
    except OSError as error:
        raise typer.BadParameter(f"{ledger}: {error.strerror}", param_hint="--ledger") from None
    try:
        asyncio.run(_serve(simulator, host, port, url_file))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        typer.echo(
            f"simulator: cannot serve on {host}:{port}: {reason}. Choose another --port or --host; "
            "--port 0 takes a free port.",
            err=True,
        )
        raise typer.Exit(1) from None


async def _serve(simulator: Simulator, host: str, port: int, url_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with simulator.serve(host, port) as url:
        if url_file:
            _write_url(url_file, url)
        typer.echo(f"Telegent simulator at {url}")
        await stop.wait()


def _write_url(path: Path, url: str) -> None:
    try:
        path.write_text(f"{url}\n", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--url-file") from None


def _carrier_setup(path: Path) -> CarrierSetup:
    try:
        return CarrierSetup.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--carrier") from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
        raise typer.BadParameter(f"{path}: {text}", param_hint="--carrier") from None


if __name__ == "__main__":
    typer.run(main)
