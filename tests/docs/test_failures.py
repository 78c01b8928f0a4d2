"""docs/explanation/failure-handling.md: its tables match the code, and the table is complete."""

import inspect
import re

import activities
from activities.support.write_specs import WRITE_SPECS, WriteKind
from tools.docs.documents import between_markers
from tools.docs.write_tables import PAGE, compensation, writes

OUR_OWN_SIDE = (
    "InternalActivities",
    "EventActivities",
    "SimActivities",
    "NumberUseActivities",
    "RenewalActivities",
)
READS = re.compile(r"(find|read|await|list|check|verify|confirm|validate)_")


def test_failure_tables_are_up_to_date() -> None:
    assert between_markers(PAGE, "writes") == writes(), "run python -m tools.docs.write_tables"
    assert between_markers(PAGE, "compensation") == compensation(), (
        "run python -m tools.docs.write_tables"
    )


def test_write_activities_all_have_a_spec() -> None:
    assert {name for name in vendor_activities() if not READS.match(name)} == WRITE_SPECS.keys()


def test_write_specs_name_compensation_or_reason() -> None:
    for row in WRITE_SPECS.values():
        assert bool(row.compensation) != bool(row.retained_because), row.activity
        assert bool(row.compensation) == bool(row.compensate_until), row.activity
        assert (
            row.compensation is None or WRITE_SPECS[row.compensation].kind is WriteKind.IDEMPOTENT
        ), row.activity
        if row.kind in (WriteKind.CREATE, WriteKind.PURCHASE):
            assert row.lookup, row.activity
            assert row.absence_proof, row.activity
            assert row.lag, row.activity


def vendor_activities() -> set[str]:
    kinds = [
        kind
        for kind in vars(activities).values()
        if inspect.isclass(kind)
        and kind.__name__.endswith("Activities")
        and kind.__name__ not in OUR_OWN_SIDE
    ]
    definitions = [
        getattr(member, "__temporal_activity_definition", None)
        for kind in kinds
        for member in vars(kind).values()
    ]
    return {definition.name for definition in definitions if definition is not None}
