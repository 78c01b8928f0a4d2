"""Values at paths in JSON, written as in error messages: `subscribers.0.name`."""

from itertools import pairwise

from pydantic import JsonValue

MAX_INDEX_DIGITS = 6


class InvalidPathError(Exception):
    """The path leads through a value that is no object or list, or past the end of a list."""


def set_at(document: dict[str, JsonValue], path: str, value: JsonValue) -> None:
    """Set the value at this path.

    Missing objects are created, and so is the item after the last one of a list.

    Raises:
        InvalidPathError: The path does not match the document.
    """
    steps = path.split(".")
    node: JsonValue = document
    for step, following in pairwise(steps):
        node = _child_at(node, step, {} if _index(following) is None else [])
    step, index = steps[-1], _index(steps[-1])
    match node:
        case dict():
            node[step] = value
        case list() if index is not None and index < len(node):
            node[index] = value
        case list() if index == len(node):
            node.append(value)
        case _:
            raise InvalidPathError(path)


def _child_at(node: JsonValue, step: str, new: JsonValue) -> JsonValue:
    index = _index(step)
    match node:
        case dict():
            return node.setdefault(step, new)
        case list() if index == len(node):
            node.append(new)
            return new
        case list() if index is not None and index < len(node):
            return node[index]
    raise InvalidPathError(step)


def _index(step: str) -> int | None:
    valid = step.isascii() and step.isdecimal() and len(step) <= MAX_INDEX_DIGITS
    return int(step) if valid else None
