"""The command `tgo`: the options for the connection, and its commands."""

import os
from typing import Annotated

import typer

from telegent_orchestrator.cli.bulk import report as bulk_report
from telegent_orchestrator.cli.commands import (
    bulk,
    bulk_messages,
    listing,
    onboarding,
    onboarding_messages,
    port_in,
    port_in_messages,
    validate,
)
from telegent_orchestrator.cli.connection import VARIABLES, Connection

app = typer.Typer(
    name="tgo",
    help="Onboardings and port-ins on Telegent: start, watch, correct, decide.\n\n"
    "Exit status: 0 done or going on; 1 failed or refused; 2 cannot be used as typed; 3 waits for "
    "a person; 4 Temporal or a worker does not answer, or keys are wrong; 130 Ctrl-C.",
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


@app.callback()
def main(
    context: typer.Context,
    address: Annotated[str, _option("--address", "Temporal's host and port.")] = "",
    namespace: Annotated[str, _option("--namespace", "Temporal's namespace.")] = "",
    profile: Annotated[str, _option("--profile", "Profile of Temporal's configuration file.")] = "",
    tls_ca_file: Annotated[str, _option("--tls-ca-file", "CA of Temporal's certificate.")] = "",
    tls_cert_file: Annotated[str, _option("--tls-cert-file", "Our certificate (mTLS).")] = "",
    tls_key_file: Annotated[str, _option("--tls-key-file", "Its key.")] = "",
    api_key_file: Annotated[str, _option("--api-key-file", "Temporal's API key.")] = "",
    payload_keys_file: Annotated[
        str, _option("--payload-keys-file", "The worker's keys for payloads.")
    ] = "",
    id_key_file: Annotated[
        str, _option("--id-key-file", "The worker's key for the ids of port-ins.")
    ] = "",
) -> None:
    """Remember how to reach Temporal: the connection is made by the command."""
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
    context.obj = Connection.from_options(
        {name: value for name, value in options.items() if value}, os.environ
    )


app.command()(validate.validate)
app.command()(onboarding.start)
app.command()(onboarding.status)
app.command()(onboarding_messages.resolve)
app.command()(onboarding_messages.cancel)
app.command("list")(listing.list_executions)

port_ins = typer.Typer(
    help="Bring a number from another carrier: start, watch, correct, decide.",
    no_args_is_help=True,
)
port_ins.command()(port_in.start)
port_ins.command()(port_in.status)
port_ins.command()(port_in_messages.correct)
port_ins.command()(port_in_messages.cancel)
port_ins.command()(port_in_messages.attach)
port_ins.command()(port_in_messages.decide)
app.add_typer(port_ins, name="port-in")

bulks = typer.Typer(
    help="Onboard every row of a file: check, start, watch, pause, retry, report.",
    no_args_is_help=True,
)
bulks.command()(bulk.template)
bulks.command()(bulk.check)
bulks.command()(bulk.start)
bulks.command()(bulk.status)
bulks.command()(bulk_messages.pause)
bulks.command()(bulk_messages.resume)
bulks.command()(bulk_messages.retry)
bulks.command()(bulk_messages.cancel)
bulks.command()(bulk_report.report)
app.add_typer(bulks, name="bulk")


def run() -> int:
    """Run the command line; gives the exit status."""
    try:
        app()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    return 0
