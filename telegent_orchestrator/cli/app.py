"""The command `tgo`: the connection options and the commands."""

import importlib.metadata
import os
from typing import Annotated

import typer

from telegent_orchestrator.cli.commands import (
    allowance,
    bulk,
    capacity,
    doctor,
    line,
    line_plan,
    line_sets,
    list as list_,
    onboarding,
    port_in,
    template,
    validate,
)
from telegent_orchestrator.cli.connection import VARIABLES, Connection
from telegent_orchestrator.cli.output import Output

app = typer.Typer(
    name="tgo",
    help="Onboardings, port-ins, line changes and bulk jobs on Telegent: start, watch, decide.\n\n"
    "Exit status: 0 done or in progress; 1 failed, cancelled, rejected or not portable; 2 invalid "
    "arguments, files or settings; 3 needs an operator; 4 Temporal or the worker is unreachable, "
    "authentication failed, or the payload keys or the id key are not the worker's; 130 Ctrl-C.",
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


@app.callback()
def main(
    context: typer.Context,
    address: Annotated[str, _option("--address", "Temporal's host and port.")] = "",
    namespace: Annotated[str, _option("--namespace", "Temporal's namespace.")] = "",
    profile: Annotated[str, _option("--profile", "Profile of Temporal's configuration file.")] = "",
    tls_ca_file: Annotated[str, _option("--tls-ca-file", "CA certificate for Temporal.")] = "",
    tls_cert_file: Annotated[str, _option("--tls-cert-file", "Client certificate (mTLS).")] = "",
    tls_key_file: Annotated[str, _option("--tls-key-file", "Key of the client certificate.")] = "",
    api_key_file: Annotated[str, _option("--api-key-file", "Temporal's API key.")] = "",
    payload_keys_file: Annotated[
        str, _option("--payload-keys-file", "The worker's payload keys.")
    ] = "",
    id_key_file: Annotated[
        str,
        _option(
            "--id-key-file",
            "The worker's secret from which the workflow ids of port-ins are derived.",
        ),
    ] = "",
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
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


app.command()(validate.validate)
app.command()(template.template)
app.command()(onboarding.start)
app.command()(onboarding.status)
app.command()(onboarding.resolve)
app.command()(onboarding.cancel)
app.command("list")(list_.list_executions)
app.command()(doctor.doctor)
app.command()(capacity.capacity)
app.command()(allowance.allowance)

port_ins = typer.Typer(
    help="Port a number in from another carrier: start, watch, correct, decide.",
    no_args_is_help=True,
)
port_ins.command()(port_in.start)
port_ins.command()(port_in.status)
port_ins.command()(port_in.correct)
port_ins.command()(port_in.cancel)
port_ins.command()(port_in.decide)
port_ins.command()(port_in.note)
app.add_typer(port_ins, name="port-in")

lines = typer.Typer(
    help="Change a line that is in service: suspend, restore, end, win back, limits, plan, SIM.",
    no_args_is_help=True,
)
lines.command()(line.suspend)
lines.command()(line.restore)
lines.command()(line.end)
lines.command("win-back")(line.win_back)
lines.command()(line_plan.limits)
lines.command()(line_plan.plan)
lines.command("swap-sim")(line_plan.swap_sim)
lines.command()(line_sets.bulk)
lines.command("bulk-status")(line_sets.bulk_status)
lines.command()(line.status)
lines.command()(line.resolve)
app.add_typer(lines, name="line")

bulks = typer.Typer(
    help="Onboard every row of a file: check, start, watch, pause, retry, report.",
    no_args_is_help=True,
)
bulks.command()(bulk.check)
bulks.command()(bulk.start)
bulks.command()(bulk.status)
bulks.command()(bulk.pause)
bulks.command()(bulk.resume)
bulks.command()(bulk.retry)
bulks.command()(bulk.cancel)
bulks.command()(bulk.report)
app.add_typer(bulks, name="bulk")


def run() -> int:
    """Run the command line; returns the exit status."""
    try:
        app()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    return 0
