"""`tgo capacity`: what a migration takes."""

import time

import pytest
from hypothesis import given, settings, strategies as st

from telegent_orchestrator.cli.capacity import (
    CUSTOMER_REQUESTS,
    NEW_LINE_REQUESTS,
    PORT_IN_REQUESTS,
    Migration,
    calculate,
    default_customers,
    mean_polls,
    polling,
)
from telegent_orchestrator.cli.commands.capacity import TITLES
from tests.harness.command_line import ROOT, CommandLine
from tests.harness.documents import documented_commands
from tools.docs.documents import between_markers, table_rows

OFFLINE = CommandLine({})
EXPLANATION = ROOT / "docs" / "explanation"


@st.composite
def migrations(draw: st.DrawFn) -> Migration:
    lines = draw(st.integers(0, 1_000_000))
    return Migration(
        lines=lines,
        port_ins=draw(st.integers(0, lines)),
        customers=draw(st.integers(min(lines, 1), lines)),
        requests_per_minute=draw(st.integers(1, 10_000)),
        port_in_days=draw(st.sampled_from([0.5, 1, 5, 30])),
    )


def changed(migration: Migration, **changes: int) -> Migration:
    return Migration(**vars(migration) | changes)


def days(migration: Migration) -> float:
    return calculate(migration)["duration"].value


@settings(deadline=None)
@given(migrations(), st.integers(1, 10_000))
def test_larger_allowance_is_never_slower(migration: Migration, more: int) -> None:
    rate = migration.requests_per_minute
    faster = changed(migration, requests_per_minute=rate + more)
    assert days(faster) <= days(migration)


@settings(deadline=None)
@given(migrations(), st.integers(1, 1_000_000))
def test_more_lines_never_cost_less(migration: Migration, more: int) -> None:
    lines = migration.lines + more
    larger = changed(migration, lines=lines, customers=max(1, migration.customers))
    before, after = calculate(migration), calculate(larger)
    for name in ("duration", "vendor_requests"):
        assert after[name].value >= before[name].value * (1 - 1e-9), name


@settings(deadline=None)
@given(migrations())
def test_polls_keep_to_the_schedule_and_to_their_share(migration: Migration) -> None:
    polls = polling(migration)
    assert polls.factor >= 1
    assert polls.open_port_ins <= migration.port_ins
    assert polls.polls <= mean_polls(migration.port_in_days)


def test_port_in_of_five_days_has_twenty_polls() -> None:
    assert mean_polls(5) == pytest.approx(20, abs=0.5)


def test_requests_are_those_of_the_api_request_budget() -> None:
    page = ROOT / "docs" / "reference" / "api-budget.md"
    rows = table_rows(between_markers(page, "costs"))
    line = ("new subscriber", "line", "line with E911 address", "different data limits")

    def total(*names: str) -> int:
        return sum(int(row[2]) for row in rows if row[0] in names)

    assert total("new account", "new message route", "new voice route") == CUSTOMER_REQUESTS
    assert total("new number", *line) == NEW_LINE_REQUESTS
    assert total("port-in", *line) == PORT_IN_REQUESTS


def test_no_lines_need_nothing() -> None:
    figures = calculate(Migration(0, 0, 0, 50, 5))
    values = {name: figure.value for name, figure in figures.items()}
    assert values.pop("poll_interval_factor") == 1
    assert values.pop("port_ins_on_schedule") > 500
    assert set(values.values()) == {0}


def test_every_figure_names_its_source() -> None:
    figures = calculate(Migration(10, 5, 4, 50, 5))
    assert all(figure.source for figure in figures.values())


async def test_million_lines_take_less_than_a_second() -> None:
    began = time.process_time()
    said = await OFFLINE.run("capacity", "--lines", "1000000", "--json")
    assert said.status == 0
    assert time.process_time() - began < 1
    assert said.json["port_ins"] == 500_000
    assert said.json["customers"] == default_customers(1_000_000)
    assert said.json["figures"]["duration"]["value"] > 100


async def test_table_has_all_figures_with_their_sources() -> None:
    said = await OFFLINE.run("capacity", "--lines", "300", "--port-ins", "0")
    assert said.status == 0
    assert "300 lines of 100 customers, 0 of them ported in, at 50 requests a minute" in said.out
    rows = said.out.splitlines()[2:]
    figures = calculate(Migration(300, 0, 100, 50, 5))
    assert set(figures) == set(TITLES)
    for row, (name, figure) in zip(rows, figures.items(), strict=True):
        assert row.startswith(TITLES[name])
        assert figure.unit in row
        assert row.rstrip().endswith(figure.source)


async def test_documented_command_works() -> None:
    said = await OFFLINE.run_line(documented_commands(EXPLANATION / "capacity.md", "migration"))
    assert said.status == 0
    assert said.out.startswith("10,000 lines of 3,334 customers, 5,000 of them ported in")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--lines", "5", "--port-ins", "6"], "6 port-ins are more than 5 lines"),
        (["--lines", "5", "--customers", "6"], "6 customers are more than 5 lines"),
        (["--lines", "5", "--customers", "0"], "lines need at least one customer"),
    ],
)
async def test_impossible_migration_is_an_error(options: list[str], error: str) -> None:
    said = await OFFLINE.run("capacity", *options, "--json")
    assert said.status == 2
    assert said.json["error"] == error
