"""docs/explanation/capacity.md: its tables are what `tgo capacity` says."""

from telegent_orchestrator.cli.capacity import mean_polls
from tools.docs.capacity_tables import PAGE, migration_table, unit_cost_table
from tools.docs.documents import between_markers


def test_migration_table_is_that_of_the_command() -> None:
    assert between_markers(PAGE, "migrations") == migration_table()


def test_unit_cost_table_has_the_measured_costs() -> None:
    assert between_markers(PAGE, "unit-costs") == unit_cost_table()


def test_polls_of_five_days_are_those_of_the_schedule() -> None:
    assert f"open for 5 days has {mean_polls(5):.0f} polls" in PAGE.read_text("utf-8")
