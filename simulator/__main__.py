"""Runs and controls the simulator: `python -m simulator`."""

import asyncio
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from simulator.control_client import ControlError, SimulatorControl
from simulator.options import DIALECTS, CarrierSetup, SimulatorOptions
from simulator.simulator import Simulator

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_CARRIER_HELP = 'JSON file: {"records": {...}, "timings": {...}, "vocabulary": "kb"}.'


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 8099,
    url_file: Annotated[
        Path | None, typer.Option(help="File to which the base URL is written when it is ready.")
    ] = None,
    dialect: Annotated[
        str,
        typer.Option(
            help=f"Document of the vendor that is followed: {', '.join(DIALECTS)}. It sets "
            "several of the options below; given options win."
        ),
    ] = "default",
    carrier: Annotated[Path | None, typer.Option(help=_CARRIER_HELP)] = None,
    **given: Any,
) -> None:
    """Serve a stateful simulator of the Telegent mPaaS API, with losing carriers, on this machine.

    The commands control a simulator that runs: how a losing carrier behaves, and faults.
    """
    if context.invoked_subcommand is not None:
        return
    if dialect not in DIALECTS:
        raise typer.BadParameter(f"expected one of {', '.join(DIALECTS)}", param_hint="--dialect")
    options = {name: value for name, value in given.items() if value is not None}
    options.setdefault("examples", True)
    if carrier:
        options["carrier"] = _read_carrier(carrier)
    try:
        simulator = Simulator(SimulatorOptions.in_dialect(dialect, **options))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        flag = _flag(str(fault["loc"][0]))
        raise typer.BadParameter(fault["msg"], param_hint=flag) from None
    except OSError as error:
        raise typer.BadParameter(
            f"{options['ledger_file']}: {error.strerror}", param_hint="--ledger-file"
        ) from None
    _run(simulator, host, port, url_file)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _option(name: str) -> inspect.Parameter:
    """Return a parameter of the command line for a field of the options."""
    field = SimulatorOptions.model_fields[name]
    is_bool = field.annotation is bool
    flag = f"{_flag(name)}/--no-{name.replace('_', '-')}" if is_bool else _flag(name)
    kind: Any = bool if is_bool else _cli_type(field.default, field.annotation)
    option = typer.Option(flag, help=f"{field.description} {_choices(field)}", show_default=False)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def _choices(field: FieldInfo) -> str:
    values = " | ".join(map(str, get_args(field.annotation))) if _is_literal(field) else ""
    default = "" if field.default in (None, True, False) else f"default: {field.default}"
    shown = "; ".join(filter(None, (values, default)))
    return f"({shown})" if shown else ""


def _is_literal(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal


def _cli_type(default: object, annotation: Any) -> type:
    names = str(annotation)
    for kind in (int, float, Path):
        if isinstance(default, kind) or kind.__name__ in names.replace("pathlib.", ""):
            return kind
    return int if "Literal[200" in names else str


def _with_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each field of `SimulatorOptions`, whose values arrive as `**given`."""
    signature = inspect.signature(function)
    fixed = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    names = [name for name in SimulatorOptions.model_fields if name != "carrier"]
    parameters = [*fixed, *map(_option, names)]
    setattr(function, "__signature__", signature.replace(parameters=parameters))  # noqa: B010
    return function


app.callback(invoke_without_command=True)(_with_options(serve))


def _run(simulator: Simulator, host: str, port: int, url_file: Path | None) -> None:
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


def _read_carrier(path: Path) -> CarrierSetup:
    try:
        return CarrierSetup.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--carrier") from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
        raise typer.BadParameter(f"{path}: {text}", param_hint="--carrier") from None


# Commands that control a running simulator

Number = Annotated[str, typer.Argument(help="Phone number in E.164 format.")]
Url = Annotated[str, typer.Option(help="Base URL of the simulator.")]
DEFAULT_URL = "http://127.0.0.1:8099"


def _control(action: Callable[[], object], done: str) -> None:
    try:
        action()
    except ControlError as error:
        typer.echo(f"simulator: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(done)


@app.command()
def reject(number: Number, text: str, url: Url = DEFAULT_URL) -> None:
    """Let the carrier reject the next request for a number, e.g. with 6P-NUMBER LOCKED."""
    control = SimulatorControl(url)
    _control(lambda: control.reject(number, text), f"{number}: next request rejected: {text}")


@app.command()
def silence(number: Number, url: Url = DEFAULT_URL) -> None:
    """Let the carrier never respond to requests for a number."""
    _control(lambda: SimulatorControl(url).silence(number), f"{number}: carrier is silent")


@app.command()
def delay(number: Number, seconds: float, url: Url = DEFAULT_URL) -> None:
    """Let the carrier respond to later requests for a number with a delay, and complete late."""
    control = SimulatorControl(url)
    _control(lambda: control.delay(number, seconds), f"{number}: delayed by {seconds:g} s")


@app.command()
def lock(number: Number, url: Url = DEFAULT_URL) -> None:
    """Lock a number at the losing carrier."""
    _control(lambda: SimulatorControl(url).lock(number), f"{number}: locked")


@app.command()
def unlock(number: Number, url: Url = DEFAULT_URL) -> None:
    """Unlock a number at the losing carrier."""
    _control(lambda: SimulatorControl(url).unlock(number), f"{number}: unlocked")


@app.command()
def lose(match: str, times: int = 1, url: Url = DEFAULT_URL) -> None:
    """Lose responses of executed requests that match, e.g. "POST /v1.0/numbers/provision"."""
    control = SimulatorControl(url)
    _control(lambda: control.lose_response(match, times), f"{match}: responses lost: {times}")


@app.command()
def purchases(outcomes: list[str], url: Url = DEFAULT_URL) -> None:
    """Let the next purchases end as complete, failed, cancelled, no_number or other_number."""
    control = SimulatorControl(url)
    _control(lambda: control.script_purchases(outcomes), f"next purchases: {', '.join(outcomes)}")


@app.command(name="port-out")
def port_out(number: Number, pin: str, url: Url = DEFAULT_URL) -> None:
    """Port a number out to a carrier that quotes this port-out PIN."""
    _control(lambda: SimulatorControl(url).port_out(number, pin), f"{number}: ported out")


@app.command(name="use-data")
def use_data(number: Number, megabytes: float, url: Url = DEFAULT_URL) -> None:
    """Set how much data a number has used in its billing period; 0 begins a new one."""
    control = SimulatorControl(url)
    _control(lambda: control.use_data(number, megabytes), f"{number}: {megabytes:g} MB used")


@app.command()
def reset(url: Url = DEFAULT_URL) -> None:
    """Discard everything and start as configured."""
    _control(lambda: SimulatorControl(url).reset(), "reset")


if __name__ == "__main__":
    app()
