"""docs/failures.md: a row for every write that the activities can make."""

import inspect
import re

import activities
from tests.docs import ROOT, between_markers, rows

READS = re.compile(r"(find|read|await|check)_|numbers_of")


def test_every_write_has_a_row() -> None:
    table = rows(between_markers(ROOT / "docs" / "failures.md", "writes"))
    documented = {re.findall(r"`(\w+)`", row[0])[0] for row in table}
    assert documented == {name for name in vendor_activities() if not READS.match(name)}


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
