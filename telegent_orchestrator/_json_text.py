"""Text files and JSON as people save them, or one sentence that says what is wrong."""

import codecs
import json
from typing import NoReturn

from pydantic import JsonValue


class InvalidTextError(ValueError):
    """A file cannot be used; the message says why, without repeating any of its values."""


def decode_text(data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark as spreadsheets save it.

    Raises:
        InvalidTextError: It has another encoding.
    """
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidTextError(
            "it is not UTF-8 text; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
        ) from None


def parse_json(text: str) -> JsonValue:
    """The JSON value in a text.

    Raises:
        InvalidTextError: It is not JSON, or an object has the same key twice.
    """
    try:
        value: JsonValue = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_reject_duplicate_keys,
            parse_constant=_reject_constant,
        )
    except json.JSONDecodeError as error:
        raise InvalidTextError(
            f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise InvalidTextError("is not usable JSON: it is nested too deeply") from None
    except InvalidTextError:
        raise
    except ValueError:
        # Python refuses to convert integers of thousands of digits.
        raise InvalidTextError("is not usable JSON: a number has too many digits") from None
    return value


def _reject_duplicate_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in values:
            raise InvalidTextError(f"is ambiguous: an object has the key {key[:40]!r} twice")
        values[key] = value
    return values


def _reject_constant(name: str) -> NoReturn:
    raise InvalidTextError(f"is not JSON: {name} is not a number in JSON")
