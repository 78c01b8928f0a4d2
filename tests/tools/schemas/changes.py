"""Every way to change a JSON Schema that callers would notice, or would not."""

from collections.abc import Callable, Iterator
from typing import Any

from tools.schemas.comparison import LOWER_BOUNDS, UPPER_BOUNDS
from tools.schemas.documents import Document

LIMITS = ("pattern", "format", *LOWER_BOUNDS, *UPPER_BOUNDS)
Named = Iterator[tuple[str, Document]]
Changes = Callable[[Document, bool], Named]


def changed_documents(document: Document, changes: Changes, *, sent: bool) -> Named:
    """The document with one place changed in one way, for each of both; and what was done."""
    for path, node in subschemas(document):
        for what, instead in changes(node, sent):
            yield f"{'.'.join(path)}: {what}", replace_at(document, path, instead)


def breaking_changes(node: Document, sent: bool) -> Named:
    """Changes of one node that break callers, by what is done."""
    fields, required = node.get("properties", {}), node.get("required", [])
    for name in fields:
        yield f"{name} removed", node | {"properties": without(fields, name)}
        if sent and name not in required:
            yield f"{name} required", node | {"required": [*required, name]}
        if not sent and name in required:
            yield f"{name} not always there", node | {"required": without_item(required, name)}
    if sent and fields:
        more = fields | {"brand_new": {"type": "string"}}
        yield "new and required", node | {"properties": more, "required": [*required, "brand_new"]}
    for value in node.get("enum", ()):
        yield f"{value} removed", node | {"enum": without_item(node["enum"], value)}
    if "type" in node:
        yield "another type", node | {"type": "null" if node["type"] != "null" else "array"}
    for union in node.keys() & {"anyOf", "oneOf"}:
        for kind in node[union]:
            if sent or kind != {"type": "null"}:
                yield f"{kind} removed", node | {union: without_item(node[union], kind)}
        if not sent:
            yield "one more kind", node | {union: [*node[union], {"type": "array"}]}
    yield from tighter(node) if sent else looser(node)


def tighter(node: Document) -> Named:
    """Changes after which less may be sent, or the same means something else."""
    if "default" in node:
        yield "another default", node | {"default": "other"}
    if node.get("additionalProperties") is True:
        yield "no other fields", node | {"additionalProperties": False}
    if "const" in node:
        return
    if node.get("type") == "string":
        yield "another pattern", node | {"pattern": "^other$"}
        yield "another format", node | {"format": "other"}
        yield "longer", node | {"minLength": node.get("minLength", 0) + 1}
        yield "shorter", node | {"maxLength": node.get("maxLength", 999) - 1}
        yield "given words only", node | {"enum": node.get("enum", ["other"])[1:]}
    elif node.get("type") in ("integer", "number"):
        yield "higher", node | {"minimum": node.get("minimum", 0) + 1}
        yield "lower", node | {"maximum": node.get("maximum", 999) - 1}
    elif node.get("type") == "array":
        yield "more", node | {"minItems": node.get("minItems", 0) + 1}
        yield "fewer", node | {"maxItems": 9}


def looser(node: Document) -> Named:
    """Changes after which more may be received than callers were told."""
    for limit in node.keys() & {"enum", "const", "type", *LIMITS}:
        yield f"no {limit}", without(node, limit)


def compatible_changes(node: Document, sent: bool) -> Named:
    """Changes of one node that no caller notices, by what is done."""
    yield "other words for people", node | {"description": "other", "title": "Other"}
    if fields := node.get("properties"):
        yield "a new field", node | {"properties": fields | {"brand_new": {"type": "string"}}}
    if "enum" in node:
        yield "a new word", node | {"enum": [*node["enum"], "brand new"]}
    for name in node.get("required", ()) if sent else ():
        yield f"{name} not required", node | {"required": without_item(node["required"], name)}
    for limit in node.keys() & set(LIMITS) if sent else ():
        yield f"no {limit}", without(node, limit)
    for union in node.keys() & {"anyOf", "oneOf"}:
        kinds = node[union]
        null = {"type": "null"}
        if sent:
            yield "one more kind", node | {union: [*kinds, {"type": "boolean"}]}
        elif null in kinds:
            yield "never null", node | {union: without_item(kinds, null)}


def subschemas(
    node: Document, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Document]]:
    """Each schema inside this one, itself too, with the way to it."""
    yield path, node
    for keyword in ("$defs", "properties"):
        for name, inner in node.get(keyword, {}).items():
            yield from subschemas(inner, (*path, keyword, name))
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            yield from subschemas(node[keyword], (*path, keyword))
    for keyword in ("anyOf", "oneOf"):
        for at, inner in enumerate(node.get(keyword, ())):
            yield from subschemas(inner, (*path, keyword, str(at)))


def replace_at(value: Any, path: tuple[str, ...], instead: Any) -> Any:
    """Return a copy with another value at this path; everything off the path is shared."""
    if not path:
        return instead
    copy = value.copy()
    step = int(path[0]) if isinstance(value, list) else path[0]
    copy[step] = replace_at(value[step], path[1:], instead)
    return copy


def without(node: Document, name: str) -> Document:
    """A copy without this key."""
    return {other: value for other, value in node.items() if other != name}


def without_item(values: list[Any], value: object) -> list[Any]:
    """A copy without this value."""
    return [other for other in values if other != value]
