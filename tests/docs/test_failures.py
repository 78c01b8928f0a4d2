"""docs/explanation/failure-handling.md: its tables match the code, and the table is complete."""

import inspect
import re

import activities
from activities.support.write_specs import WRITES, Kind
from tools.docs.documents import between_markers
from tools.docs.write_tables import PAGE, undo, writes

READS = re.compile(r"(find|read|await|check)_|numbers_of")


def test_the_tables_are_those_of_the_code() -> None:
    assert between_markers(PAGE, "writes") == writes(), "run python -m tools.docs.write_tables"
    assert between_markers(PAGE, "undo") == undo(), "run python -m tools.docs.write_tables"


def test_every_activity_that_writes_is_defined_by_a_row() -> None:
    assert {name for name in vendor_activities() if not READS.match(name)} == WRITES.keys()


def test_every_row_says_how_it_is_undone_or_why_not() -> None:
    for row in WRITES.values():
        assert bool(row.undo) != bool(row.left), row.activity
        assert bool(row.undo) == bool(row.until), row.activity
        assert row.undo is None or WRITES[row.undo].kind is Kind.SET, row.activity
        if row.kind in (Kind.CREATE, Kind.PURCHASE):
            assert row.look, row.activity
            assert row.absent, row.activity
            assert row.lag, row.activity


def vendor_activities() -> set[str]:
    kinds = [
        kind
        for kind in vars(activities).values()
        if inspect.isclass(kind)
        and kind.__name__.endswith("Activities")
        and kind.__name__ not in ("HouseActivities", "EventActivities")
    ]
    definitions = [
        getattr(member, "__temporal_activity_definition", None)
        for kind in kinds
        for member in vars(kind).values()
    ]
    return {definition.name for definition in definitions if definition is not None}
