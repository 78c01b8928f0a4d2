"""What is wrong with a request beyond the shapes of its parts, and faults as sentences."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError

MOST_PARTS = 500
"""Parts of a kind in one request: Temporal limits what one workflow can have open and on record."""
MOST_FAULTS = 50
"""Faults that are named of one request: somebody must read them, and Temporal store them."""
LONGEST = 300
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]*[0-9]?")

Fault = tuple[tuple[str | int, ...], str]


def faults_between_parts(raw: dict[str, Any]) -> list[Fault]:
    """What is wrong between the parts, even when some part has a wrong shape of its own.

    Not more than anybody reads: a request with a million faults must not take minutes.
    """
    return list(islice(_between(raw), MOST_FAULTS))


def _between(raw: dict[str, Any]) -> Iterator[Fault]:
    subscribers = _rows(raw, "subscribers")
    products = _rows(raw, "products")
    packages = _rows(raw, "packages")
    lines = _rows(raw, "lines")
    for part, rows in (
        ("subscribers", subscribers),
        ("products", products),
        ("packages", packages),
        ("lines", lines),
    ):
        yield from _repeated(part, rows, "key")
    yield from _repeated("subscribers", subscribers, "email")
    yield from _repeated("products", products, "sku")
    yield from _repeated("packages", packages, "name")
    people, skus, plans = _keys(subscribers), _keys(products), _keys(packages)
    for at, package in packages:
        for item_at, item in _rows(package, "items"):
            yield from _unknown(item, "product", skus, ("packages", at, "items", item_at))
    for at, line in lines:
        yield from _unknown(line, "subscriber", people, ("lines", at))
        yield from _unknown(line, "package", plans, ("lines", at))
    yield from _faults_of_guardian(raw, subscribers, lines)
    yield from _faults_of_numbers(raw, lines)


def _faults_of_guardian(raw: dict[str, Any], subscribers: "Rows", lines: "Rows") -> Iterator[Fault]:
    known = _keys(subscribers)
    guarded = _keys([found for found in subscribers if found[1].get("guardian") is True])
    for at, relation in _rows(raw, "relations"):
        for role in ("parent", "child"):
            yield from _unknown(relation, role, known, ("relations", at))
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


def _faults_of_numbers(raw: dict[str, Any], lines: "Rows") -> Iterator[Fault]:
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


Rows = list[tuple[int, dict[str, Any]]]


def _rows(raw: dict[str, Any], part: str) -> Rows:
    """The rows of a part; none of one that is refused for its length."""
    rows = raw.get(part)
    if not isinstance(rows, list) or len(rows) > MOST_PARTS:
        return []
    return [(at, row) for at, row in enumerate(rows) if isinstance(row, dict)]


def _keys(rows: Rows) -> list[str]:
    return sorted(key for _, row in rows if isinstance(key := row.get("key"), str))


def _repeated(part: str, rows: Rows, field: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, row in rows:
        value = row.get(field)
        if not isinstance(value, str):
            continue
        if value.casefold() in seen:
            yield (part, at, field), f"is used twice in {part}"
        seen.add(value.casefold())


def _unknown(
    row: dict[str, Any], field: str, keys: Sequence[str], where: tuple[str | int, ...]
) -> Iterator[Fault]:
    name = row.get(field)
    if isinstance(name, str) and name not in keys:
        there = ", ".join(keys) or "none"
        yield (*where, field), f"'{name}' is not a key in this request; there are: {there}"


def faults_of(error: ValidationError) -> list[str]:
    """The faults of a refused request as sentences, `where: what`, without the values.

    Names of fields come from whoever wrote the request: long ones are cut, and so is a long list.
    What does not look like a name may be a value, in the wrong place.
    """
    found = error.errors(include_url=False, include_input=False)
    faults = [
        shortened(f"{'.'.join(map(_place, fault['loc'])) or 'request'}: {fault['msg']}")
        for fault in found[:MOST_FAULTS]
    ]
    return [*faults, "and more"] if len(found) > len(faults) else faults


def _place(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "(a field)"


def shortened(text: str, longest: int = LONGEST) -> str:
    """So many characters of a text that somebody else has written, all of them visible."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in cut)
