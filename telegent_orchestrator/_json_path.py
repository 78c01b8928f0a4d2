"""Values at places in JSON, written as the faults name them: `subscribers.0.name`."""

from itertools import pairwise

from pydantic import JsonValue


class NoPlaceError(Exception):
    """There is no such place, and none can be made."""


def put(raw: dict[str, JsonValue], field: str, value: JsonValue) -> None:
    """Sets the value at this place; objects, and the next item of a list, are made on the way.

    Raises NoPlaceError.
    """
    steps = field.split(".")
    place: JsonValue = raw
    for step, then in pairwise(steps):
        place = _item(place, step, [] if then.isdecimal() else {})
    match place:
        case dict():
            place[steps[-1]] = value
        case list() if steps[-1].isdecimal() and int(steps[-1]) < len(place):
            place[int(steps[-1])] = value
        case list() if steps[-1] == str(len(place)):
            place.append(value)
        case _:
            raise NoPlaceError(field)


def _item(place: JsonValue, step: str, new: JsonValue) -> JsonValue:
    match place:
        case dict():
            return place.setdefault(step, new)
        case list() if step == str(len(place)):
            place.append(new)
            return new
        case list() if step.isdecimal() and int(step) < len(place):
            return place[int(step)]
    raise NoPlaceError(step)
