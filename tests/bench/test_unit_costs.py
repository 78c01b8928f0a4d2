"""The measurement of unit costs."""

import sqlite3
from dataclasses import astuple
from pathlib import Path

import pytest

from bench.unit_costs import COMMAND, Totals, database_kibibytes, unit_costs
from telegent_orchestrator.cli.capacity import read_unit_costs

CUSTOMER, LINE = Totals(3, 0, 50, 10, 30, 40), Totals(5, 0, 20, 8, 40, 30)


def of(lines: float, polls: float = 0) -> Totals:
    """What a customer with so many lines costs, and 2 ms for each poll."""
    sums = (c + lines * each for c, each in zip(astuple(CUSTOMER), astuple(LINE), strict=True))
    requests, order_reads, events, actions, cpu, database = sums
    return Totals(
        requests + polls, order_reads + polls, events, actions + polls, cpu + 2 * polls, database
    )


def test_units_are_the_differences_between_customers() -> None:
    # A port-in costs twice a line.
    measured = unit_costs(of(1), of(3), of(5, polls=8), of(5, polls=40))

    assert measured.customer.events == 50
    assert measured.new_line.database_kib == 30
    assert measured.poll.worker_cpu_ms == pytest.approx(2)
    assert measured.port_in.actions == pytest.approx(16)
    assert measured.port_in.worker_cpu_ms == pytest.approx(80)
    assert measured.port_in.events == pytest.approx(40)


def test_pages_of_a_database_are_counted(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "some.db") as database:
        database.execute("CREATE TABLE some (value BLOB)")
        before = database_kibibytes(tmp_path / "some.db")
        database.execute("INSERT INTO some VALUES (zeroblob(1000000))")
    assert database_kibibytes(tmp_path / "some.db") - before == pytest.approx(1000, rel=0.1)


def test_published_measurements_are_those_of_the_command() -> None:
    measured = read_unit_costs()
    assert measured.measured_by == COMMAND
    assert measured.poll.actions == 1
    assert measured.customer.worker_cpu_ms > 0
