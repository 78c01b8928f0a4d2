"""Current details in Markdown, as the Temporal UI draws it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from temporalio import workflow

# An underscore inside a word is none.
_MARKUP = re.compile(r"([\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_]))")

NBSP = "\u00a0"
"""A space at which no line ends."""
TIME_HEADING = f"since{NBSP}(UTC)"


def escape(text: str) -> str:
    """Words of others, such as the vendor's, as they are: nothing in them is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.splitlines()))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table with space between its columns; cells are plain text."""
    return [_row(header), "|" + ":---|" * len(header), *map(_row, rows)]


def code(text: str) -> list[str]:
    """The lines of a block that can be copied as it is."""
    return ["```", text, "```"]


def link(text: str, workflow_id: str) -> str:
    """Leads to another workflow's page, wherever the UI is."""
    # Relative to the frame in which the UI draws details.
    return f"[{escape(text)}](namespaces/{workflow.info().namespace}/workflows/{workflow_id})"


def format_minutes(timestamp: datetime) -> str:
    """A moment of some day, in UTC, as one word."""
    return f"{timestamp:%Y-%m-%d}{NBSP}{timestamp:%H:%M}"


def format_seconds(timestamp: datetime) -> str:
    """A moment of these days, in UTC, as one word."""
    # With the hyphen at which no line ends.
    return f"{timestamp:%m\u2011%d}{NBSP}{timestamp:%H:%M:%S}"


def _row(cells: Sequence[str]) -> str:
    # The UI may draw cells without padding and without borders; an em space keeps them apart.
    return "|".join(["", *(f" {escape(cell)}\u2003" for cell in cells), ""])
