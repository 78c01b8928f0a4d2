"""Markdown for current details, as the Temporal UI renders it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from temporalio import workflow

from telegent_orchestrator._display import escape_markdown

NBSP = "\u00a0"
"""No-break space."""
TIME_HEADING = f"since{NBSP}(UTC)"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns the lines of a table; cells are plain text."""
    return [_row(tuple(header)), "|" + ":---|" * len(header), *(_row(tuple(row)) for row in rows)]


def code(text: str) -> list[str]:
    """Returns the lines of a code block."""
    return ["```", text, "```"]


def link(text: str, workflow_id: str) -> str:
    """Returns a link to the page of another workflow, for any address of the UI."""
    # Relative to the frame in which the UI renders details.
    return (
        f"[{escape_markdown(text)}](namespaces/{workflow.info().namespace}/workflows/{workflow_id})"
    )


def format_minutes(timestamp: datetime) -> str:
    """Returns date, hour and minute in UTC, without a place to break the line."""
    return f"{timestamp:%Y-%m-%d}{NBSP}{timestamp:%H:%M}"


def format_seconds(timestamp: datetime) -> str:
    """Returns month, day and time in UTC, without a place to break the line."""
    # With a no-break hyphen.
    return f"{timestamp:%m\u2011%d}{NBSP}{timestamp:%H:%M:%S}"


# Details are rendered whole in each workflow task, and most rows are as before.
@lru_cache(maxsize=1000)
def _row(cells: tuple[str, ...]) -> str:
    # The UI may render cells without padding and borders; an em space separates them.
    return "|".join(["", *(f" {escape_markdown(cell)}\u2003" for cell in cells), ""])
