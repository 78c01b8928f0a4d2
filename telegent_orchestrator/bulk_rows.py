"""Rows of a bulk from a CSV or JSON Lines file, or every error in it."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue, ValidationError

from telegent_orchestrator._json_path import InvalidPathError, set_at
from telegent_orchestrator._json_text import InvalidTextError, parse_json
from telegent_orchestrator._validation import canonical_iccid, format_errors
from telegent_orchestrator.bulk import MAX_BATCH_BYTES, MAX_ROWS, BulkRow
from telegent_orchestrator.onboarding import OnboardingRequest

BOOLEANS: Mapping[str, JsonValue] = {"true": True, "false": False}
DELIMITERS = (",", ";", "\t", "|")
NO_HEADER = (
    "no column is a field of a request: the first row must name fields, such as reference, "
    "separated by commas, semicolons, tabs or bars"
)
LIST_ITEM = re.compile(r"\.-?[0-9]+(\.|$)")
LIST_HINT = ": items of a list are numbered from 0 without gaps, in the order of the columns"
ONE_DOCUMENT = "begins one JSON document: write each request on a line of its own, no list"
MAX_ROW_ERRORS = 1_000
"""Errors after which the rest of a file is not checked."""
MAX_MESSAGES = 100
RawRow = dict[str, JsonValue]


class Format(StrEnum):
    """The format of a file."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class RowError:
    """An error in a row. Rows are numbered as in a spreadsheet: the header is row 1. In JSON Lines
    they are the lines of the file."""

    row: int
    message: str


class InvalidRowsError(Exception):
    """A file is invalid.

    Attributes:
        errors: The errors, without values.
        truncated: Whether the rest of the file was not checked.
    """

    def __init__(self, errors: list[RowError], *, truncated: bool = False) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors
        self.truncated = truncated

    def messages(self) -> list[str]:
        """One sentence per error, with the rows that have it; at most MAX_MESSAGES."""
        rows: dict[str, list[int]] = {}
        for error in self.errors:
            rows.setdefault(error.message, []).append(error.row)
        messages = [f"{_format_row_numbers(at)}: {message}" for message, at in rows.items()]
        more = len(messages) - MAX_MESSAGES
        return [*messages[:MAX_MESSAGES], f"and {more} more"] if more > 0 else messages


def read_rows(text: str, file_format: Format, common: RawRow | None = None) -> list[BulkRow]:
    """Read the rows of a file, each an onboarding.

    Args:
        text: The content of the file. CSV may be separated by commas, semicolons, tabs or bars.
        file_format: Its format.
        common: Fields that all rows share. A row's own values override them: in CSV each cell, in
            JSON Lines each top-level field.

    Raises:
        InvalidRowsError: With every error, of at most the first MAX_ROWS rows.
    """
    errors: list[RowError] = []
    parse = _parse_csv if file_format is Format.CSV else _parse_json_lines
    rows: list[tuple[int, RawRow]] = []
    valid: list[BulkRow] = []
    for number, found in parse(text.removeprefix("\ufeff"), common or {}):
        if len(rows) == MAX_ROWS:
            message = f"a bulk has at most {MAX_ROWS} rows: split the file"
            raise InvalidRowsError([RowError(number, message)])
        if isinstance(found, str):
            errors.append(RowError(number, found))
        else:
            rows.append((number, found))
            valid += _validate_row(number, found, errors)
        if len(errors) >= MAX_ROW_ERRORS:
            raise InvalidRowsError(_sorted(errors), truncated=True)
    errors += _duplicate_errors(rows)
    if not rows and not errors:
        errors.append(RowError(1, "there are no rows"))
    if errors:
        raise InvalidRowsError(_sorted(errors))
    return valid


def _sorted(errors: list[RowError]) -> list[RowError]:
    return sorted(errors, key=lambda error: error.row)


def _parse_csv(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
    delimiter, text = _find_delimiter(text)
    table = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        # All names are in lower case.
        head = [column.strip().lower() for column in next(table, [])]
        fields = OnboardingRequest.model_fields
        if head and not any(column.partition(".")[0] in fields for column in head):
            yield 1, NO_HEADER
            return
        for column in sorted({column for column in head if head.count(column) > 1}):
            yield 1, f"two columns are called {column!r}" if column else "a column has no name"
        for number, cells in enumerate(table, start=2):
            if any(cell.strip() for cell in cells):
                yield number, _build_row(head, cells, common)
    except csv.Error as error:
        yield table.line_num, f"is not CSV: {error}"


def _find_delimiter(text: str) -> tuple[str, str]:
    """The delimiter of a CSV file, and the text without the line `sep=;` that Excel writes."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.rstrip("\r")) == len("sep=") + 1:
        return first[len("sep=")], rest
    return max(DELIMITERS, key=first.count), text


def _build_row(head: list[str], cells: list[str], common: RawRow) -> RawRow | str:
    if len(cells) > len(head):
        return f"has {len(cells)} cells, and there are {len(head)} columns"
    row = deepcopy(common)
    for column, cell in zip(head, cells, strict=False):
        value = cell.strip()
        try:
            if value:
                set_at(row, column, BOOLEANS.get(value.lower(), value))
        except InvalidPathError:
            return (
                f"a request has no field {column!r}{LIST_HINT if LIST_ITEM.search(column) else ''}"
            )
    return row


def _parse_json_lines(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
    if _is_one_document(text):
        yield 1, ONE_DOCUMENT
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except InvalidTextError as error:
            yield number, str(error)
            continue
        yield number, (deepcopy(common) | row if isinstance(row, dict) else "is not a JSON object")


def _is_one_document(text: str) -> bool:
    """Whether the file is one list, or one object on several lines."""
    begin = text.lstrip()
    if not begin.startswith(("[", "{\n", "{\r")):
        return False
    try:
        parse_json(text)
    except InvalidTextError:
        return False
    return True


def _validate_row(number: int, row: RawRow, errors: list[RowError]) -> list[BulkRow]:
    text = json.dumps(row)
    if len(text) > MAX_BATCH_BYTES:
        errors.append(RowError(number, f"has more than {MAX_BATCH_BYTES} characters"))
        return []
    try:
        return [BulkRow(number=number, onboarding=OnboardingRequest.model_validate_json(text))]
    except ValidationError as error:
        errors += [RowError(number, message) for message in format_errors(error)]
        return []


def _duplicate_errors(rows: Iterable[tuple[int, RawRow]]) -> Iterator[RowError]:
    """Values that only one row may have. The messages do not repeat them: some are personal."""
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows:
        for path, kind, value in _unique_values(row):
            first = seen.setdefault((kind, value.casefold()), number)
            if first != number:
                yield RowError(number, f"{path}: is the same in row {first}")


def _unique_values(row: RawRow) -> Iterator[tuple[str, str, str]]:
    """Path, kind and canonical value."""
    if isinstance(reference := row.get("reference"), str):
        yield "reference", "reference", reference
    for at, subscriber in _items(row, "subscribers"):
        if isinstance(email := subscriber.get("email"), str):
            yield f"subscribers.{at}.email", "email", email.strip()
    for at, line in _items(row, "lines"):
        number = line.get("number")
        if not isinstance(number, dict):
            continue
        if isinstance(phone_number := number.get("phone_number"), str):
            yield f"lines.{at}.number.phone_number", "phone_number", phone_number.strip()
        if isinstance(iccid := number.get("iccid"), str):
            yield f"lines.{at}.number.iccid", "iccid", canonical_iccid(iccid)


def _items(row: RawRow, name: str) -> Iterator[tuple[int, RawRow]]:
    items = row.get(name)
    for at, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield at, item


def _format_row_numbers(numbers: list[int]) -> str:
    """Row numbers in order, consecutive ones as from-to."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        elif not spans or number != spans[-1][-1]:
            spans.append([number])
    word = "row" if spans == [numbers] and len(numbers) == 1 else "rows"
    return f"{word} {', '.join('-'.join(map(str, span)) for span in spans)}"
