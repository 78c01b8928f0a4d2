"""Lists that the vendor returns in pages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from telegent.errors import OutcomeUnknownError, RateLimitError, RequestNotSentError

Row = TypeVar("Row")

PAGE_RETRY_DELAYS = (1.0, 2.0, 4.0)
"""Seconds before a page of a list is read again, after each failure. A 429 delays it further."""

MAX_READINGS = 10
"""How often a list is read that shows new rows each time, for example in another order."""


async def paginate(
    endpoint: str,
    fetch: Callable[[int], Awaitable[tuple[list[Row], int | None]]],
    key: Callable[[Row], str],
) -> AsyncIterator[Row]:
    """Yield every row of a paged list once.

    A list may contain a row twice, or change its rows or their order while its pages are read. If
    rows are repeated, the list is read again, and is complete when a repeated reading shows nothing
    new. A page after the first is tried four times. `fetch` returns the rows of a page, counted
    from 1, and the stated total; `key` returns what identifies a row.

    Raises:
        OutcomeUnknownError: The pages end before the stated total, or each of `MAX_READINGS`
            readings shows a new row, so that one which was not seen may exist.
    """
    seen: set[str] = set()
    for reading in range(MAX_READINGS):
        new_rows = received = 0
        total: int | None = None
        last_page: list[str] = []
        page = 0
        while total is None or len(seen) < total:
            page += 1
            rows, total = await _fetch_page(fetch, page)
            keys = [key(row) for row in rows]
            # A vendor that ignores the page number repeats its first page.
            if not rows or keys == last_page:
                break
            last_page = keys
            received += len(rows)
            fresh = {key(row): row for row in rows if key(row) not in seen}
            if total is None and not fresh:
                break
            for row in fresh.values():
                yield row
            seen.update(fresh)
            new_rows += len(fresh)
        if total is None or len(seen) >= total:
            return
        if received < total:
            break
        if reading and not new_rows:
            return
    raise OutcomeUnknownError(
        f"the list ended after {len(seen)} of {total} rows; read it again",
        endpoint=endpoint,
        status=200,
    )


async def _fetch_page(
    fetch: Callable[[int], Awaitable[tuple[list[Row], int | None]]], page: int
) -> tuple[list[Row], int | None]:
    """Fetches a page. One that fails for a moment does not cost the pages that came before it."""
    for delay in PAGE_RETRY_DELAYS if page > 1 else ():
        try:
            return await fetch(page)
        except (RateLimitError, RequestNotSentError, OutcomeUnknownError):
            await asyncio.sleep(delay)
    return await fetch(page)
