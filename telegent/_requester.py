"""Authenticated calls whose responses are models: what all resources are built on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from telegent._models import EmptyResponse, RequestModel, ResponseModel
from telegent._responses import Json, redact
from telegent._tokens import TokenCache
from telegent._transport import Transport
from telegent.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    RequestRejectedError,
)

A = TypeVar("A", bound=ResponseModel)

PAGE_RETRY_DELAYS = (1.0, 2.0, 4.0)
"""Seconds before a page of a list is read again, after each failure. A 429 delays it further."""

MAX_READINGS = 10
"""How often a list is read that shows new rows each time, for example in another order."""

Query = Mapping[str, str | int | None]
Body = RequestModel | Mapping[str, object]

ListOf = list[A]
"""A list of responses, under a name that a class with a method `list` can use."""


class Requester:
    """Sends requests with the endpoint's token and parses responses into models."""

    def __init__(self, transport: Transport, tokens: TokenCache) -> None:
        self._transport = transport
        self._tokens = tokens

    async def get(self, path: str, model: type[A], query: Query) -> A:
        """GET a single resource. Query parameters that are None are left out."""
        return _parse(model, await self._send("GET", path, query=query), f"GET {path}")

    async def get_list(
        self, path: str, model: type[A], query: Query, *, rows_names: Sequence[str] = ()
    ) -> list[A]:
        """GET a list in any documented shape.

        A row that cannot be parsed fails the whole list: a list with gaps would show existing
        resources as missing.

        Args:
            path: Path with ``/v1.0``.
            model: Model of a row.
            query: Query parameters; those that are None are left out.
            rows_names: Names of the envelope's field with the rows, in addition to ``Results``.

        Returns:
            The rows of an array or an envelope. A single object without rows is a row itself.
        """
        endpoint = f"GET {path}"
        body = await self._send("GET", path, query=query)
        rows: Any = body
        if isinstance(body, dict):
            names = {name.lower() for name in ("Results", *rows_names)}
            key = next((key for key in body if key.lower() in names), None)
            rows = [body] if key is None else body[key] or []
        if not isinstance(rows, list):
            raise OutcomeUnknownError("the list cannot be read", endpoint=endpoint, status=200)
        return [_parse(model, item, endpoint) for item in rows]

    async def get_texts(self, path: str, query: Query, *, rows_name: str) -> list[str]:
        """GET a list of texts: a bare array, or the field `rows_name` of an object."""
        body: Any = await self._send("GET", path, query=query)
        if isinstance(body, dict):
            body = next((body[key] for key in body if key.lower() == rows_name.lower()), None)
        if not isinstance(body, list) or not all(isinstance(item, str) for item in body):
            raise OutcomeUnknownError("the list cannot be read", endpoint=f"GET {path}", status=200)
        return body

    async def post(
        self, path: str, model: type[A], request: Body, *, secrets: Sequence[str] = ()
    ) -> A:
        """POST a request model or a JSON body, for a response with content.

        Args:
            path: Path with ``/v1.0``.
            model: Model of the response.
            request: What to send.
            secrets: Secrets of a JSON body; a request model knows its own.
        """
        return _parse(model, await self._post(path, request, secrets), f"POST {path}")

    async def post_set(
        self, path: str, model: type[A], request: Body, *, secrets: Sequence[str] = ()
    ) -> A:
        """POST values that replace those before. A success with an empty body is a success.

        `model` must have no required fields.
        """
        found = await self._post(path, request, secrets, empty_is_success=True)
        return _parse(model, found, f"POST {path}")

    async def delete(self, path: str, ids: Mapping[str, object]) -> None:
        """POST the ids of the resource to delete."""
        await self.post_set(path, EmptyResponse, ids)

    async def _post(
        self, path: str, request: Body, secrets: Sequence[str], *, empty_is_success: bool = False
    ) -> Json:
        return await self._send(
            "POST",
            path,
            body=request.body() if isinstance(request, RequestModel) else request,
            secrets=tuple(request.secrets() if isinstance(request, RequestModel) else secrets),
            empty_is_success=empty_is_success,
        )

    async def _send(
        self,
        verb: Literal["GET", "POST"],
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        secrets: tuple[str, ...] = (),
        empty_is_success: bool = False,
    ) -> Json:
        url = self._transport.base_url + path
        given = {name: value for name, value in (query or {}).items() if value is not None}
        deadline = self._transport.deadline()

        async def once(token: str) -> Json:
            return await self._transport.send(
                verb,
                path,
                query=given,
                body=body,
                deadline=deadline,
                token=token,
                secrets=(token, *secrets),
                empty_is_success=empty_is_success,
            )

        token = await self._tokens.get(url, deadline)
        try:
            return await once(token)
        except (AuthenticationError, PermissionDeniedError):
            # An expired or wrongly scoped token is a 401 in one of the vendor's documents and a 403
            # in another. Either way the request was not executed, so repeating it is safe even for
            # a create.
            self._tokens.discard(url, token)
        return await once(await self._tokens.get(url, deadline))


MAX_LOCATIONS = 10
"""Maximum number of invalid fields that an error names."""


class Resource:
    """A group of operations."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester


async def paginate(
    endpoint: str,
    fetch: Callable[[int], Awaitable[tuple[list[A], int | None]]],
    key: Callable[[A], str],
) -> AsyncIterator[A]:
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
    fetch: Callable[[int], Awaitable[tuple[list[A], int | None]]], page: int
) -> tuple[list[A], int | None]:
    """Fetches a page. One that fails for a moment does not cost the pages that came before it."""
    for delay in PAGE_RETRY_DELAYS if page > 1 else ():
        try:
            return await fetch(page)
        except (RateLimitError, RequestNotSentError, OutcomeUnknownError):
            await asyncio.sleep(delay)
    return await fetch(page)


_FAILED_STATUSES = frozenset({"error", "failed", "failure", "rejected", "invalid"})


def raise_if_failed(endpoint: str, status: str | None, message: str | None) -> None:
    """Check the `Status` with which a success reports the outcome of a set.

    Raises:
        RequestRejectedError: It is a failure.
    """
    if (status or "").casefold() in _FAILED_STATUSES:
        raise RequestRejectedError(
            f"response reports the status {status}",
            endpoint=endpoint,
            status=200,
            vendor_message=redact(message or "", ()) or None,
        )


def _parse(model: type[A], body: object, endpoint: str) -> A:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = error.errors(include_input=False, include_url=False)
        locations = [".".join(map(str, fault["loc"])) or "the body" for fault in errors]
        where = ", ".join(locations[:MAX_LOCATIONS]) + (
            ", …" if len(locations) > MAX_LOCATIONS else ""
        )
    # Outside the handler, so that the cause does not carry the text of the response.
    raise OutcomeUnknownError(
        f"response reports success, but its body is no {model.__name__} "
        f"(missing or invalid: {where})",
        endpoint=endpoint,
        status=200,
    )
