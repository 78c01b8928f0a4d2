"""The command `tgo`: the connection options and the commands."""

import importlib.metadata
import os
from collections.abc import Callable
from typing import Annotated

import typer

from telegent_orchestrator.cli.commands import (
    allowance,
    bulk,
    capacity,
    doctor,
    line,
    line_guardian,
    line_plan,
    line_sets,
    line_subscriber,
    list as list_,
    onboarding,
    plan,
    port_in,
    port_out,
    port_out_bulk,
    reconcile,
    template,
    usage,
    validate,
)
from telegent_orchestrator.cli.connection import VARIABLES, Connection
from telegent_orchestrator.cli.help import Command, Group
from telegent_orchestrator.cli.output import Output

app = typer.Typer(
    name="tgo",
    cls=Group,
    help="Start, watch and correct onboardings, port-ins, line changes and bulk jobs.\n\n"
    "Exit status: 0 done or in progress; 1 failed or cancelled, a message was rejected, a number "
    "is not portable, or a plan has problems; 2 invalid arguments, files or settings, or nothing "
    "has that id; 3 needs an operator (also when a carrier has rejected a port-in), or "
    "`reconcile` has found differences; 4 Temporal or the worker is unreachable, authentication "
    "failed, or the payload keys or the id key are not the worker's; 130 Ctrl-C.",
    no_args_is_help=True,
    # A traceback with local variables would show secrets.
    pretty_exceptions_enable=False,
)


def _option(name: str, description: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name,
        metavar="FILE" if name.endswith("-file") else "TEXT",
        show_default=False,
        help=f"{description} ({VARIABLES[name]})",
    )
    return option


def _print_version(requested: bool) -> None:
    if requested:
        try:
            version = importlib.metadata.version("telegent-orchestrator")
        except importlib.metadata.PackageNotFoundError:
            version = "(not installed)"
        print(f"tgo {version}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
    ),
]


@app.callback()
def main(
    context: typer.Context,
    address: Annotated[str, _option("--address", "Temporal's host and port.")] = "",
    namespace: Annotated[str, _option("--namespace", "Temporal's namespace.")] = "",
    profile: Annotated[str, _option("--profile", "Profile in Temporal's configuration file.")] = "",
    tls_ca_file: Annotated[str, _option("--tls-ca-file", "CA certificate for Temporal.")] = "",
    tls_cert_file: Annotated[str, _option("--tls-cert-file", "Client certificate (mTLS).")] = "",
    tls_key_file: Annotated[str, _option("--tls-key-file", "Key of the client certificate.")] = "",
    api_key_file: Annotated[str, _option("--api-key-file", "API key for Temporal.")] = "",
    payload_keys_file: Annotated[
        str,
        _option(
            "--payload-keys-file", "The worker's payload keys: they encrypt what Temporal stores."
        ),
    ] = "",
    id_key_file: Annotated[
        str,
        _option(
            "--id-key-file",
            "The worker's id key, a secret that turns phone numbers into workflow ids.",
        ),
    ] = "",
    version: Version = False,
) -> None:
    """Read the connection options; each command connects by itself."""
    options = {
        "--address": address,
        "--namespace": namespace,
        "--profile": profile,
        "--tls-ca-file": tls_ca_file,
        "--tls-cert-file": tls_cert_file,
        "--tls-key-file": tls_key_file,
        "--api-key-file": api_key_file,
        "--payload-keys-file": payload_keys_file,
        "--id-key-file": id_key_file,
    }
    connection = Connection.from_options(
        {name: value for name, value in options.items() if value}, os.environ
    )
    # Before any command: a misspelt name silently selects another server, or other keys.
    for warning in connection.warnings:
        Output(as_json=False).notice(f"warning: {warning}")
    context.obj = connection


def _add(group: typer.Typer, commands: dict[str, Callable[..., None]]) -> None:
    for name, function in commands.items():
        group.command(name, cls=Command)(function)


_add(
    app,
    {
        "validate": validate.validate,
        "template": template.template,
        "plan": plan.plan,
        "start": onboarding.start,
        "status": onboarding.status,
        "resolve": onboarding.resolve,
        "cancel": onboarding.cancel,
        "list": list_.list_executions,
        "reconcile": reconcile.reconcile,
        "usage": usage.usage,
        "doctor": doctor.doctor,
        "capacity": capacity.capacity,
        "allowance": allowance.allowance,
    },
)

port_ins = typer.Typer(
    cls=Group,
    help="Port a number in from another carrier: start, watch, correct, decide.",
    no_args_is_help=True,
)
_add(
    port_ins,
    {
        "start": port_in.start,
        "status": port_in.status,
        "correct": port_in.correct,
        "cancel": port_in.cancel,
        "decide": port_in.decide,
        "note": port_in.note,
    },
)
app.add_typer(port_ins, name="port-in")

port_outs = typer.Typer(
    cls=Group,
    help="Let a number leave to another carrier: start, watch, show the PIN, cancel.",
    no_args_is_help=True,
)
_add(
    port_outs,
    {
        "start": port_out.start,
        "status": port_out.status,
        "pin": port_out.pin,
        "confirm-departure": port_out.confirm_departure,
        "cancel": port_out.cancel,
        "bulk": port_out_bulk.bulk,
        "bulk-status": port_out_bulk.bulk_status,
    },
)
app.add_typer(port_outs, name="port-out")

lines = typer.Typer(
    cls=Group,
    help="Change a line after its onboarding: suspend, restore, end, plan, SIM, filters.",
    no_args_is_help=True,
)
_add(
    lines,
    {
        "suspend": line.suspend,
        "restore": line.restore,
        "end": line.end,
        "win-back": line.win_back,
        "close-subscription": line.close_subscription,
        "limits": line_plan.limits,
        "plan": line_plan.plan,
        "filters": line_guardian.filters,
        "guardian": line_guardian.guardian,
        "swap-sim": line_plan.swap_sim,
        "change-number": line_plan.change_number,
        "subscriber": line_subscriber.subscriber,
        "transfer": line_subscriber.transfer,
        "bulk": line_sets.bulk,
        "bulk-status": line_sets.bulk_status,
        "status": line.status,
        "cancel": line.cancel,
        "resolve": line.resolve,
    },
)
app.add_typer(lines, name="line")

bulks = typer.Typer(
    cls=Group,
    help="Onboard every row of a file: check, start, watch, pause, retry, report.",
    no_args_is_help=True,
)
_add(
    bulks,
    {
        "check": bulk.check,
        "start": bulk.start,
        "status": bulk.status,
        "pause": bulk.pause,
        "resume": bulk.resume,
        "retry": bulk.retry,
        "cancel": bulk.cancel,
        "report": bulk.report,
    },
)
app.add_typer(bulks, name="bulk")


def run() -> int:
    """Run the command line; returns the exit status."""
    try:
        app()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    return 0
