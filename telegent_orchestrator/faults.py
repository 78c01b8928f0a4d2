"""What is wrong with a request beyond the shapes of its parts, and faults as sentences."""

from typing import Any

from pydantic import ValidationError

MOST_FAULTS = 50
"""Faults that are named of one request: somebody must read them, and Temporal store them."""
LONGEST = 300

Fault = tuple[tuple[str | int, ...], str]


def faults_between_parts(raw: dict[str, Any]) -> list[Fault]:
    """What is wrong between the parts, even when some part has a wrong shape of its own."""
    subscribers = _rows(raw, "subscribers")
    products = _rows(raw, "products")
    packages = _rows(raw, "packages")
    lines = _rows(raw, "lines")
    faults: list[Fault] = []
    for part, rows in (
        ("subscribers", subscribers),
        ("products", products),
        ("packages", packages),
        ("lines", lines),
    ):
        faults += _repeated(part, rows, "key")
    faults += _repeated("subscribers", subscribers, "email")
    faults += _repeated("products", products, "sku")
    faults += _repeated("packages", packages, "name")
    for at, package in packages:
        for item_at, item in _rows(package, "items"):
            faults += _unknown(item, "product", products, ("packages", at, "items", item_at))
    for at, line in lines:
        faults += _unknown(line, "subscriber", subscribers, ("lines", at))
        faults += _unknown(line, "package", packages, ("lines", at))
    faults += _faults_of_guardian(raw, subscribers, lines)
    faults += _faults_of_numbers(raw, lines)
    return faults


def _faults_of_guardian(raw: dict[str, Any], subscribers: "Rows", lines: "Rows") -> list[Fault]:
    faults: list[Fault] = []
    guarded = [row.get("key") for _, row in subscribers if row.get("guardian") is True]
    known = [row.get("key") for _, row in subscribers]
    for at, relation in _rows(raw, "relations"):
        for role in ("parent", "child"):
            faults += _unknown(relation, role, subscribers, ("relations", at))
            name = relation.get(role)
            if name in known and name not in guarded:
                faults.append(
                    (("relations", at, role), f"subscriber '{name}' needs \"guardian\": true")
                )
        if relation.get("parent") == relation.get("child"):
            faults.append((("relations", at), "parent and child are the same subscriber"))
    for at, line in lines:
        name = line.get("subscriber")
        for kind in ("call_filter", "message_filter"):
            if line.get(kind) and name in known and name not in guarded:
                faults.append(
                    (("lines", at, kind), f"subscriber '{name}' needs \"guardian\": true")
                )
    return faults


def _faults_of_numbers(raw: dict[str, Any], lines: "Rows") -> list[Fault]:
    faults: list[Fault] = []
    routes = raw.get("routes")
    no_voice_route = isinstance(routes, dict) and routes.get("voice") is None
    seen: dict[str, set[str]] = {"iccid": set(), "phone_number": set()}
    for at, line in lines:
        product_type = line.get("product_type", "Sms+Data+Voice")
        if product_type == "Sms+Data+Voice" and no_voice_route:
            faults.append((("lines", at, "product_type"), "a line with voice needs routes.voice"))
        if product_type == "Sms-Only" and (line.get("data_limits") or line.get("renewal")):
            faults.append(
                (("lines", at, "data_limits"), "an Sms-Only line has no data to limit or renew")
            )
        number = line.get("number")
        for name, values in seen.items():
            value = number.get(name) if isinstance(number, dict) else None
            if isinstance(value, str) and value in values:
                faults.append((("lines", at, "number", name), "is already used by another line"))
            elif isinstance(value, str):
                values.add(value)
    return faults


Rows = list[tuple[int, dict[str, Any]]]


def _rows(raw: dict[str, Any], part: str) -> Rows:
    rows = raw.get(part)
    if not isinstance(rows, list):
        return []
    return [(at, row) for at, row in enumerate(rows) if isinstance(row, dict)]


def _repeated(part: str, rows: Rows, field: str) -> list[Fault]:
    seen: set[str] = set()
    faults: list[Fault] = []
    for at, row in rows:
        value = row.get(field)
        if not isinstance(value, str):
            continue
        if value.casefold() in seen:
            faults.append(((part, at, field), f"is used twice in {part}"))
        seen.add(value.casefold())
    return faults


def _unknown(
    row: dict[str, Any], field: str, known: Rows, where: tuple[str | int, ...]
) -> list[Fault]:
    name = row.get(field)
    keys = sorted(str(other.get("key")) for _, other in known)
    if isinstance(name, str) and name not in keys:
        there = ", ".join(keys) or "none"
        return [((*where, field), f"'{name}' is not a key in this request; there are: {there}")]
    return []


def faults_of(error: ValidationError) -> list[str]:
    """The faults of a refused request as sentences, `where: what`, without the values.

    Names of fields come from whoever wrote the request: long ones are cut, and so is a long list.
    """
    found = error.errors(include_url=False, include_input=False)
    faults = [
        shortened(f"{'.'.join(str(part) for part in fault['loc']) or 'request'}: {fault['msg']}")
        for fault in found[:MOST_FAULTS]
    ]
    left = len(found) - len(faults)
    return [*faults, f"and {left} more"] if left else faults


def shortened(text: str, longest: int = LONGEST) -> str:
    """So many characters of a text that somebody else has written, all of them visible."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in cut)
