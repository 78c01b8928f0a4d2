"""An authorised call that ends in a model: what every resource is written with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from telegent._models import EmptyResponse, RequestModel, ResponseModel
from telegent._tokens import TokenCache
from telegent._transport import Json, Transport
from telegent.errors import AuthenticationError, OutcomeUnknownError, PermissionDeniedError

A = TypeVar("A", bound=ResponseModel)

Query = Mapping[str, str | int | None]

ListOf = list[A]
"""A list of answers, by a name that a class with a method called `list` can still use."""


class Requester:
    """Sends with the endpoint's token and reads the answer into a model."""

    def __init__(self, transport: Transport, tokens: TokenCache) -> None:
        self._transport = transport
        self._tokens = tokens

    async def get(self, path: str, model: type[A], query: Query) -> A:
        """GET `path`; a query value that is None is left out."""
        return _parse(model, await self._send("GET", path, query=query), f"GET {path}")

    async def get_list(self, path: str, model: type[A], query: Query) -> list[A]:
        """GET a list in any documented shape: an array, ``{Results: [...]}`` or a single object.

        A row that cannot be read fails the whole list: a list with holes would show as absent
        what is there.
        """
        endpoint = f"GET {path}"
        body = await self._send("GET", path, query=query)
        rows: Any = body
        if isinstance(body, dict):
            key = next((key for key in body if key.lower() == "results"), None)
            rows = [body] if key is None else body[key] or []
        if not isinstance(rows, list):
            raise OutcomeUnknownError("the list is not readable", endpoint=endpoint, status=200)
        return [_parse(model, item, endpoint) for item in rows]

    async def post(
        self, path: str, model: type[A], request: RequestModel | Mapping[str, object]
    ) -> A:
        """POST a request model, or a body as it stands."""
        body = request.body() if isinstance(request, RequestModel) else request
        secrets = request.secrets() if isinstance(request, RequestModel) else []
        found = await self._send("POST", path, body=body, secrets=secrets)
        return _parse(model, found, f"POST {path}")

    async def delete(self, path: str, ids: Mapping[str, object]) -> None:
        """POST the ids of what is to go; the answer's only news is that it succeeded."""
        await self.post(path, EmptyResponse, ids)

    async def _send(
        self,
        verb: Literal["GET", "POST"],
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        secrets: list[str] | None = None,
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
                secrets=[token, *(secrets or ())],
            )

        token = await self._tokens.get(url, deadline)
        try:
            return await once(token)
        except (AuthenticationError, PermissionDeniedError):
            # An expired or wrongly scoped token shows as 401 in one of the vendor's documents and
            # as 403 in another. Either way the request was not carried out, so that repeating it
            # is safe even for a create.
            self._tokens.discard(url, token)
        return await once(await self._tokens.get(url, deadline))


MAX_LOCATIONS = 10
"""Odd places that an error names of an answer."""


class Resource:
    """A group of calls."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester


async def paginate(
    endpoint: str,
    fetch: Callable[[int], Awaitable[tuple[list[A], int | None]]],
    key: Callable[[A], str],
) -> AsyncIterator[A]:
    """Every row of a paged list, each once. `fetch` gives a page's rows and the stated total.

    Raises `OutcomeUnknownError` when the pages end before the stated total is reached, as when rows
    were removed meanwhile: whoever looks for a row must not take it for absent.
    """
    seen: set[str] = set()
    page = 0
    while True:
        page += 1
        rows, total = await fetch(page)
        fresh = {key(row): row for row in rows if key(row) not in seen}
        for row in fresh.values():
            yield row
        seen.update(fresh)
        if total is not None and len(seen) >= total:
            return
        if not fresh:
            break
    if total is not None:
        raise OutcomeUnknownError(
            f"the list ended after {len(seen)} of {total} rows; read it again",
            endpoint=endpoint,
            status=200,
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
    # Outside the handler, so that the answer's own text does not travel along as the cause.
    raise OutcomeUnknownError(
        f"answered with success, and with a body that cannot be used as {model.__name__} "
        f"(missing or odd: {where})",
        endpoint=endpoint,
        status=200,
    )
