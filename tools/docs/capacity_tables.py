"""Write the tables of migrations and unit costs: `python -m tools.docs.capacity_tables`."""

from telegent_orchestrator.cli.capacity import (
    Migration,
    UnitCost,
    calculate,
    default_customers,
    read_unit_costs,
)
from tools.docs.documents import ROOT, replace_between_markers

PAGE = ROOT / "docs" / "explanation" / "capacity.md"
LINES = (1_000, 10_000, 100_000, 1_000_000)
COLUMNS = {
    "Days": "duration",
    "Polls of each port-in": "polls_of_a_port_in",
    "Actions": "actions",
    "Events": "history_events",
    "Database, GiB": "database",
    "Worker CPU, hours": "worker_cpu",
}


def migration_table() -> str:
    """What `tgo capacity` calculates for migrations of which half is ported in."""
    rows = []
    for lines in LINES:
        figures = calculate(Migration(lines, lines // 2, default_customers(lines), 50, 5))
        rows.append([f"{lines:,}", *(_short(figures[key].value) for key in COLUMNS.values())])
    return _table(["Lines", *COLUMNS], rows)


def unit_cost_table() -> str:
    """The measured costs of one customer, line, port-in and poll."""
    costs = read_unit_costs()
    named = {
        "customer": costs.customer,
        "new line": costs.new_line,
        "line with port-in": costs.port_in,
        "poll": costs.poll,
    }
    return _table(
        ["One", "Actions", "Events", "Database, KiB", "Worker CPU, ms"],
        [[name, *map(_short, _values(cost))] for name, cost in named.items()],
    )


def _values(cost: UnitCost) -> tuple[float, ...]:
    return cost.actions, cost.events, cost.database_kib, cost.worker_cpu_ms


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(headings: list[str], rows: list[list[str]]) -> str:
    head, *body = [f"| {' | '.join(cells)} |" for cells in (headings, *rows)]
    return "\n".join([head, "|---" * len(headings) + "|", *body])


def main() -> None:
    """Write both tables into the page."""
    replace_between_markers(PAGE, "migrations", migration_table())
    replace_between_markers(PAGE, "unit-costs", unit_cost_table())


if __name__ == "__main__":
    main()
