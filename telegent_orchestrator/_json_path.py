"""Values at places in JSON, written as the faults name them: `subscribers.0.name`."""

from itertools import pairwise

from pydantic import JsonValue


class InvalidPathError(Exception):
    """There is no such place, and none can be made."""


def set_at(document: dict[str, JsonValue], field: str, value: JsonValue) -> None:
    """Sets the value at this place; objects, and the next item of a list, are made on the way.

    Raises InvalidPathError.
    """
    steps = field.split(".")
    node: JsonValue = document
    for step, then in pairwise(steps):
        node = _child_at(node, step, [] if then.isdecimal() else {})
    match node:
        case dict():
            node[steps[-1]] = value
        case list() if steps[-1].isdecimal() and int(steps[-1]) < len(node):
            node[int(steps[-1])] = value
        case list() if steps[-1] == str(len(node)):
            node.append(value)
        case _:
            raise InvalidPathError(field)


def _child_at(node: JsonValue, step: str, new: JsonValue) -> JsonValue:
    match node:
        case dict():
            return node.setdefault(step, new)
        case list() if step == str(len(node)):
            node.append(new)
            return new
        case list() if step.isdecimal() and int(step) < len(node):
            return node[int(step)]
    raise InvalidPathError(step)
