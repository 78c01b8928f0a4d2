"""`tgo capacity`: what a migration takes."""

from typing import Annotated

import typer
from rich.table import Table

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.capacity import (
    Figure,
    Migration,
    calculate,
    default_customers,
)
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus

MAX_LINES = 100_000_000
TITLES = {
    "duration": "Duration",
    "vendor_requests": "Requests to Telegent",
    "polls_of_a_port_in": "Polls of each port-in",
    "poll_interval_factor": "Factor on poll intervals",
    "open_port_ins": "Open port-ins",
    "port_ins_on_schedule": "Port-ins with factor 1",
    "median_notice": "Arrived numbers noticed in",
    "actions": "Temporal Actions",
    "history_events": "History events",
    "database": "Temporal's database",
    "worker_cpu": "CPU time of workers",
    "worker_cpu_share": "CPU of workers",
}


class CapacityReport(WireModel):
    """What `capacity --json` prints."""

    lines: int
    port_ins: int
    customers: int
    requests_per_minute: int
    port_in_days: float
    figures: dict[str, Figure]


def capacity(
    lines: Annotated[
        int, typer.Option(min=0, max=MAX_LINES, help="Lines to set up, port-ins included.")
    ] = 10_000,
    port_ins: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_LINES, help="How many of the lines are ported in; by default half."
        ),
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option(min=0, max=MAX_LINES, help="Customers; by default one for every three lines."),
    ] = None,
    requests_per_minute: Annotated[
        int, typer.Option(min=1, help="Telegent's request limit, all of which the migration uses.")
    ] = 50,
    port_in_days: Annotated[
        float, typer.Option(min=0.1, max=365, help="Days that a port-in is open.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Calculate how long a migration takes, how often its port-ins are polled, and what it costs.

    Needs no connection. Each figure is followed by its source.
    """
    with Output(as_json) as output:
        try:
            migration = Migration(
                lines=lines,
                port_ins=lines // 2 if port_ins is None else port_ins,
                customers=default_customers(lines) if customers is None else customers,
                requests_per_minute=requests_per_minute,
                port_in_days=port_in_days,
            )
        except ValueError as error:
            raise CommandError(str(error), ExitStatus.USAGE) from None
        figures = calculate(migration)
        if as_json:
            output.document(CapacityReport(**vars(migration), figures=figures))
            return
        output.show(
            f"{migration.lines:,} lines of {migration.customers:,} customers, "
            f"{migration.port_ins:,} of them ported in, at {requests_per_minute:,} requests a "
            "minute:"
        )
        output.show(_table(figures))


def _table(figures: dict[str, Figure]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    for heading in ("Unit", "Source"):
        table.add_column(heading)
    for name, figure in figures.items():
        table.add_row(TITLES[name], _format(figure.value), figure.unit, figure.source)
    return table


def _format(value: float) -> str:
    """Three significant digits at least, and no decimals in large numbers."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
