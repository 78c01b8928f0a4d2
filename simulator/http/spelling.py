"""The two spellings in which the vendor writes ids of numbers and of subscribers."""

import re
from collections.abc import Callable
from typing import Any

_OTHER_PREFIX = {"NID": "TNID", "TSUID": "SID"}
_PREFIX = {other: prefix for prefix, other in _OTHER_PREFIX.items()} | {
    prefix: prefix for prefix in _OTHER_PREFIX
}
_ID = re.compile(r"(T?NID|SID|TSUID)-([0-9A-Za-z-]+)")


def to_stored(value: Any) -> Any:
    """Return a request with ids as they are stored."""
    return _respell(value, lambda prefix, rest: f"{_PREFIX[prefix]}-{rest.lower()}")


def to_other(value: Any) -> Any:
    """Return a response with ids in the other spelling: `TNID-` and `SID-`, in upper case."""
    return _respell(
        value, lambda prefix, rest: f"{_OTHER_PREFIX.get(prefix, prefix)}-{rest.upper()}"
    )


def _respell(value: Any, spell: Callable[[str, str], str]) -> Any:
    if isinstance(value, str) and (found := _ID.fullmatch(value)):
        return spell(*found.groups())
    if isinstance(value, list):
        return [_respell(item, spell) for item in value]
    if isinstance(value, dict):
        return {key: _respell(item, spell) for key, item in value.items()}
    return value
