"""docs/port-in.md: its tables are those that the code gives."""

import pytest

from tests.docs import between_markers
from tests.docs.port_in_tables import PAGE, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_up_to_date(name: str) -> None:
    assert between_markers(PAGE, name) == TABLES[name](), (
        "bring it up to date with: .venv/bin/python -m tests.docs.port_in_tables"
    )
