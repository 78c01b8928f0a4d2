"""What is wrong with a request beyond the shapes of its parts, and faults as sentences."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError

MAX_ITEMS = 500
"""Parts of a kind in one request: Temporal limits what one workflow can have open and on record."""
MAX_ERRORS = 50
"""Faults that are named of one request: somebody must read them, and Temporal store them."""
MAX_TEXT_LENGTH = 300
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z_-]*[0-9]?")

FieldError = tuple[tuple[str | int, ...], str]


def cross_field_errors(raw: dict[str, Any]) -> list[FieldError]:
    """What is wrong between the parts, even when some part has a wrong shape of its own.

    Not more than anybody reads: a request with a million faults must not take minutes.
    """
    return list(islice(_iter_cross_field_errors(raw), MAX_ERRORS))


def _iter_cross_field_errors(raw: dict[str, Any]) -> Iterator[FieldError]:
    subscribers = _indexed_items(raw, "subscribers")
    products = _indexed_items(raw, "products")
    packages = _indexed_items(raw, "packages")
    lines = _indexed_items(raw, "lines")
    for part, rows in (
        ("subscribers", subscribers),
        ("products", products),
        ("packages", packages),
        ("lines", lines),
    ):
        yield from _duplicate_errors(part, rows, "key")
    yield from _duplicate_errors("subscribers", subscribers, "email")
    yield from _duplicate_errors("products", products, "sku")
    yield from _duplicate_errors("packages", packages, "name")
    people, skus, plans = _keys(subscribers), _keys(products), _keys(packages)
    for at, package in packages:
        for item_at, item in _indexed_items(package, "items"):
            yield from _unknown_key_errors(
                item, "product", skus, ("packages", at, "items", item_at)
            )
    for at, line in lines:
        yield from _unknown_key_errors(line, "subscriber", people, ("lines", at))
        yield from _unknown_key_errors(line, "package", plans, ("lines", at))
    yield from _guardian_errors(raw, subscribers, lines)
    yield from _line_errors(raw, lines)


def _guardian_errors(
    raw: dict[str, Any], subscribers: "IndexedItems", lines: "IndexedItems"
) -> Iterator[FieldError]:
    known = _keys(subscribers)
    guarded = _keys([found for found in subscribers if found[1].get("guardian") is True])
    for at, relation in _indexed_items(raw, "relations"):
        for role in ("parent", "child"):
            yield from _unknown_key_errors(relation, role, known, ("relations", at))
            name = relation.get(role)
            if name in known and name not in guarded:
                yield ("relations", at, role), f"subscriber '{name}' needs \"guardian\": true"
        if relation.get("parent") == relation.get("child"):
            yield ("relations", at), "parent and child are the same subscriber"
    for at, line in lines:
        name = line.get("subscriber")
        for kind in ("call_filter", "message_filter"):
            if line.get(kind) and name in known and name not in guarded:
                yield ("lines", at, kind), f"subscriber '{name}' needs \"guardian\": true"


def _line_errors(raw: dict[str, Any], lines: "IndexedItems") -> Iterator[FieldError]:
    routes = raw.get("routes")
    no_voice_route = isinstance(routes, dict) and routes.get("voice") is None
    seen: dict[str, set[str]] = {"iccid": set(), "phone_number": set()}
    for at, line in lines:
        product_type = line.get("product_type", "Sms+Data+Voice")
        if product_type == "Sms+Data+Voice" and no_voice_route:
            yield ("lines", at, "product_type"), "a line with voice needs routes.voice"
        if product_type == "Sms-Only" and (line.get("data_limits") or line.get("renewal")):
            yield ("lines", at, "data_limits"), "an Sms-Only line has no data to limit or renew"
        number = line.get("number")
        for name, values in seen.items():
            value = number.get(name) if isinstance(number, dict) else None
            if isinstance(value, str) and value in values:
                yield ("lines", at, "number", name), "is already used by another line"
            elif isinstance(value, str):
                values.add(value)


IndexedItems = list[tuple[int, dict[str, Any]]]


def _indexed_items(raw: dict[str, Any], part: str) -> IndexedItems:
    """The rows of a part; none of one that is refused for its length."""
    rows = raw.get(part)
    if not isinstance(rows, list) or len(rows) > MAX_ITEMS:
        return []
    return [(at, row) for at, row in enumerate(rows) if isinstance(row, dict)]


def _keys(rows: IndexedItems) -> list[str]:
    return sorted(key for _, row in rows if isinstance(key := row.get("key"), str))


def _duplicate_errors(part: str, rows: IndexedItems, field: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for at, row in rows:
        value = row.get(field)
        if not isinstance(value, str):
            continue
        if value.casefold() in seen:
            yield (part, at, field), f"is used twice in {part}"
        seen.add(value.casefold())


def _unknown_key_errors(
    row: dict[str, Any], field: str, keys: Sequence[str], where: tuple[str | int, ...]
) -> Iterator[FieldError]:
    name = row.get(field)
    if isinstance(name, str) and name not in keys:
        known = ", ".join(keys) or "none"
        yield (*where, field), f"'{name}' is not a key in this request; there are: {known}"


def format_errors(error: ValidationError) -> list[str]:
    """The faults of a refused request as sentences, `where: what`, without the values.

    Names of fields come from whoever wrote the request: long ones are cut, and so is a long list.
    What does not look like a name may be a value, in the wrong place.
    """
    details = error.errors(include_url=False, include_input=False)
    messages = [
        truncate(
            f"{'.'.join(map(_format_location_part, fault['loc'])) or 'request'}: {fault['msg']}"
        )
        for fault in details[:MAX_ERRORS]
    ]
    return [*messages, "and more"] if len(details) > len(messages) else messages


def _format_location_part(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "(a field)"


def truncate(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """So many characters of a text that somebody else has written, all of them visible."""
    cut = text if len(text) <= max_length else text[: max_length - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in cut)
