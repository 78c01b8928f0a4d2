"""docs/reference/port-in.md: its tables are those that the code gives."""

import pytest

from tools.docs.documents import between_markers
from tools.docs.port_in_tables import PAGE, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_transition_table_is_up_to_date(name: str) -> None:
    assert between_markers(PAGE, name) == TABLES[name](), (
        "bring it up to date with: .venv/bin/python -m tools.docs.port_in_tables"
    )
