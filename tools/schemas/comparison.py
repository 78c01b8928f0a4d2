"""Compare an old and a new JSON Schema of one payload from the caller's side."""

from collections.abc import Iterator
from typing import Any

from tools.schemas.documents import Document

LOWER_BOUNDS = ("minLength", "minItems", "minimum", "exclusiveMinimum")
UPPER_BOUNDS = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
UNIONS = ("anyOf", "oneOf")
COMPARED_KEYWORDS = {
    *("$ref", "const", "enum", "default", "properties", "required", "additionalProperties"),
    *("items", *UNIONS, *LOWER_BOUNDS, *UPPER_BOUNDS),
}
ANNOTATION_KEYWORDS = {
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "examples",
    "discriminator",
}
"""They are for readers, or tell a validator nothing that the other keywords do not say."""


class Comparison:
    """A comparison of schemas.

    Attributes:
        sent: True if callers write the payload: the new schema must accept whatever the old one
            accepted. False if they read it: the old schema must accept whatever the new one allows.
    """

    def __init__(self, old: Document, new: Document, *, sent: bool) -> None:
        self._old = old
        self._new = new
        self._sent = sent

    def violations(self, where: str) -> list[str]:
        """What breaks callers, as sentences that begin with `where` and the path in the payload."""
        return list(dict.fromkeys(self._compare(self._old, self._new, where)))

    def _compare(self, old: Document, new: Document, where: str) -> Iterator[str]:
        was_default, default = old.get("default"), new.get("default")
        if self._sent and was_default != default:
            yield f"{where}: leaving it out meant {was_default!r}, and now means {default!r}"
        was, now = _branches(self._old, old), _branches(self._new, new)
        if len(was) == len(now) == 1:
            yield from self._compare_one(was[0], now[0], where)
            return
        for kind in was:
            # A reader does not miss null, but may miss any other type that no longer occurs.
            if self._sent or kind.get("type") != "null":
                yield from _fewest_violations(
                    self._compare_one(kind, other, where) for other in _equal_first(now, kind)
                )
        for kind in now if not self._sent else ():
            yield from _fewest_violations(
                self._compare_one(other, kind, where) for other in _equal_first(was, kind)
            )

    def _compare_one(self, old: Document, new: Document, where: str) -> Iterator[str]:
        yield from self._compare_values(old, new, where)
        yield from self._compare_rules(old, new, where)
        yield from self._compare_fields(old, new, where)
        for keyword in ("items", "additionalProperties"):
            was, now = old.get(keyword, True), new.get(keyword, True)
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self._compare(was, now, f"{where}[]")
            elif was != now and (now if self._sent else was) is not True:
                yield f"{where}: {keyword} was {was} and is {now}"

    def _compare_values(self, old: Document, new: Document, where: str) -> Iterator[str]:
        was, now = _allowed_values(old), _allowed_values(new)
        if was is not None and now is not None:
            missing = (value for value in was if value not in now)
            yield from (f"{where}: the value {value!r} is missing" for value in missing)
        elif (now if self._sent else was) is not None:
            yield f"{where}: was {_describe_values(was)} and is {_describe_values(now)}"

    def _compare_rules(self, old: Document, new: Document, where: str) -> Iterator[str]:
        """Type, format, pattern and bounds: those of the wider side must include the other's."""
        wider, narrower = (new, old) if self._sent else (old, new)
        for keyword in sorted(wider.keys() - ANNOTATION_KEYWORDS):
            limit, inner = wider[keyword], narrower.get(keyword)
            if keyword in LOWER_BOUNDS:
                fits = inner is not None and inner >= limit
            elif keyword in UPPER_BOUNDS:
                fits = inner is not None and inner <= limit
            else:
                fits = keyword in COMPARED_KEYWORDS or inner == limit
            if not fits:
                yield f"{where}: {keyword} was {old.get(keyword)} and is {new.get(keyword)}"

    def _compare_fields(self, old: Document, new: Document, where: str) -> Iterator[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        for name in was:
            if name in now:
                yield from self._compare(was[name], now[name], f"{where} {name}")
            else:
                yield f"{where}: the field {name} is missing"
        required, required_now = set(old.get("required", ())), set(new.get("required", ()))
        if self._sent:
            for name in sorted(required_now - required):
                yield f"{where}: the field {name} is required now"
        else:
            for name in sorted((required - required_now) & now.keys()):
                yield f"{where}: the field {name} was always there and may be missing now"


def _branches(document: Document, node: Document) -> list[Document]:
    """The alternatives of a node, with references and nested unions resolved."""
    for keyword in ("$ref", *UNIONS):
        if keyword not in node:
            continue
        if siblings := node.keys() - ANNOTATION_KEYWORDS - {keyword, "default"}:
            raise ValueError(f"{', '.join(sorted(siblings))} next to {keyword} is not compared yet")
        if keyword == "$ref":
            return _branches(document, document["$defs"][node["$ref"].rpartition("/")[2]])
        return [leaf for branch in node[keyword] for leaf in _branches(document, branch)]
    return [node]


def _fewest_violations(comparisons: Iterator[Iterator[str]]) -> list[str]:
    """The violations against the closest counterpart; none if one matches."""
    tried: list[list[str]] = []
    for comparison in comparisons:
        tried.append(list(comparison))
        if not tried[-1]:
            break
    return min(tried, key=len)


def _equal_first(kinds: list[Document], kind: Document) -> list[Document]:
    """The kinds, with those first that are most likely to match this one."""
    return sorted(kinds, key=lambda other: other != kind)


def _allowed_values(node: Document) -> list[Any] | None:
    """The values that a node is limited to, or None."""
    return [node["const"]] if "const" in node else node.get("enum")


def _describe_values(values: list[Any] | None) -> str:
    return "free" if values is None else f"one of {values}"
