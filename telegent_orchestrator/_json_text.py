"""Text files and JSON as people save them, or one sentence that says what is wrong."""

import codecs
import json
from typing import NoReturn

from pydantic import JsonValue

_ZIP = b"PK\x03\x04"
"""How an .xlsx file begins."""


class InvalidTextError(ValueError):
    """A file cannot be used; the message says why, without repeating any of its values."""


def decode_text(data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 as spreadsheets and shells of Windows save it.

    Raises:
        InvalidTextError: It has another encoding, or is no text.
    """
    if data.startswith(_ZIP):
        raise InvalidTextError("it is a spreadsheet or an archive: save it as 'CSV UTF-8'")
    try:
        return data.decode(_encoding_of(data))
    except UnicodeDecodeError:
        raise InvalidTextError(
            "it is not UTF-8 text; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
        ) from None


def _encoding_of(data: bytes) -> str:
    """UTF-8, or UTF-16 by its byte order mark or by the zero in its first ASCII character."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data[:1] == b"\0" else "utf-8-sig"


def parse_json(text: str) -> JsonValue:
    """The JSON value in a text.

    Raises:
        InvalidTextError: It is not JSON, or an object has the same key twice.
    """
    if not text.strip("\ufeff \t\r\n"):
        raise InvalidTextError("is empty")
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
