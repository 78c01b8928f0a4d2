"""Current details in Markdown, as the Temporal UI draws it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from temporalio import workflow

# An underscore inside a word is none.
_MARKUP = re.compile(r"([\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_]))")

TOGETHER = "\u00a0"
"""A space at which no line ends."""
SINCE = f"since{TOGETHER}(UTC)"


def plain(text: str) -> str:
    """Words of others, such as the vendor's, as they are: nothing in them is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.splitlines()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table with space between its columns; cells are plain text."""
    return [_row(head), "|" + ":---|" * len(head), *map(_row, rows)]


def code(text: str) -> list[str]:
    """The lines of a block that can be copied as it is."""
    return ["```", text, "```"]


def link(words: str, workflow_id: str) -> str:
    """Leads to another workflow's page, wherever the UI is."""
    # Relative to the frame in which the UI draws details.
    return f"[{plain(words)}](namespaces/{workflow.info().namespace}/workflows/{workflow_id})"


def day_and_minute(moment: datetime) -> str:
    """A moment of some day, in UTC, as one word."""
    return f"{moment:%Y-%m-%d}{TOGETHER}{moment:%H:%M}"


def second(moment: datetime) -> str:
    """A moment of these days, in UTC, as one word."""
    # With the hyphen at which no line ends.
    return f"{moment:%m\u2011%d}{TOGETHER}{moment:%H:%M:%S}"


def _row(cells: Sequence[str]) -> str:
    # The UI may draw cells without padding and without borders; an em space keeps them apart.
    return "|".join(["", *(f" {plain(cell)}\u2003" for cell in cells), ""])
