"""Rows of a bulk from a CSV or JSON Lines file: all of them read and checked, or every fault."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue, ValidationError

from telegent_orchestrator._json_path import InvalidPathError, set_at
from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.bulk import MAX_BATCH_BYTES, MAX_ROWS, BulkRow
from telegent_orchestrator.onboarding import OnboardingRequest

BOOLEANS: Mapping[str, JsonValue] = {"true": True, "false": False}
RawRow = dict[str, JsonValue]


class Format(StrEnum):
    """What a file is written in."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class RowError:
    """What is wrong with a row. Rows are counted as a spreadsheet counts them: the head is row 1;
    in JSON Lines they are the lines of the file."""

    row: int
    message: str


class InvalidRowsError(Exception):
    """A file that cannot be used; `errors` are all of them, and hold no values."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__(f"{len(errors)} faults")
        self.errors = errors

    def messages(self) -> list[str]:
        """One sentence for each fault, with the rows that have it."""
        rows: dict[str, list[int]] = {}
        for fault in self.errors:
            rows.setdefault(fault.message, []).append(fault.row)
        return [f"{_format_row_numbers(numbers)}: {what}" for what, numbers in rows.items()]


def read_rows(text: str, file_format: Format, common: RawRow | None = None) -> list[BulkRow]:
    """The rows of a file, each an onboarding. Raises InvalidRowsError.

    `common`: what every row has as well. A row's own values win: in CSV each cell, in JSON Lines
    each top-level field.
    """
    errors: list[RowError] = []
    raw = _parse_csv if file_format is Format.CSV else _parse_json_lines
    rows: list[tuple[int, RawRow]] = []
    for number, found in raw(text, common or {}):
        if isinstance(found, str):
            errors.append(RowError(number, found))
        else:
            rows.append((number, found))
    read = [_validate_row(number, row, errors) for number, row in rows]
    errors += _duplicate_errors(rows)
    if not rows and not errors:
        errors.append(RowError(1, "there are no rows"))
    if len(rows) > MAX_ROWS:
        errors.append(RowError(rows[MAX_ROWS][0], f"a bulk has at most {MAX_ROWS} rows"))
    if errors:
        raise InvalidRowsError(sorted(errors, key=lambda fault: fault.row))
    return [row for row in read if row]


def _parse_csv(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [column.strip() for column in next(table, [])]
        for column in sorted({column for column in head if head.count(column) > 1}):
            yield 1, f"two columns are called {column!r}"
        for number, cells in enumerate(table, start=2):
            if any(cell.strip() for cell in cells):
                yield number, _build_row(head, cells, common)
    except csv.Error as error:
        yield table.line_num, f"is not CSV: {error}"


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
            return f"a request has no place {column!r}"
    return row


def _parse_json_lines(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
            yield number, f"is not JSON: {why}"
            continue
        yield number, (deepcopy(common) | row if isinstance(row, dict) else "is not a JSON object")


def _validate_row(number: int, row: RawRow, errors: list[RowError]) -> BulkRow | None:
    text = json.dumps(row)
    if len(text) > MAX_BATCH_BYTES:
        errors.append(RowError(number, f"has more than {MAX_BATCH_BYTES} characters"))
        return None
    try:
        return BulkRow(number=number, onboarding=OnboardingRequest.model_validate_json(text))
    except ValidationError as error:
        errors += [RowError(number, what) for what in format_errors(error)]
        return None


def _duplicate_errors(rows: Iterable[tuple[int, RawRow]]) -> Iterator[RowError]:
    """What only one row can have. Without the values: some are personal."""
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows:
        for place, kind, value in _unique_values(row):
            first = seen.setdefault((kind, value.casefold()), number)
            if first != number:
                yield RowError(number, f"{place}: is the same in row {first}")


def _unique_values(row: RawRow) -> Iterator[tuple[str, str, str]]:
    if isinstance(reference := row.get("reference"), str):
        yield "reference", "reference", reference
    for at, person in _items(row, "subscribers"):
        if isinstance(email := person.get("email"), str):
            yield f"subscribers.{at}.email", "email", email
    for at, line in _items(row, "lines"):
        number = line.get("number")
        for name in ("phone_number", "iccid"):
            if isinstance(number, dict) and isinstance(value := number.get(name), str):
                yield f"lines.{at}.number.{name}", name, value


def _items(row: RawRow, part: str) -> Iterator[tuple[int, RawRow]]:
    items = row.get(part)
    for at, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield at, item


def _format_row_numbers(numbers: list[int]) -> str:
    """Row numbers in order, those that follow each other as from-to."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        elif not spans or number != spans[-1][-1]:
            spans.append([number])
    word = "row" if spans == [numbers] and len(numbers) == 1 else "rows"
    return f"{word} {', '.join('-'.join(map(str, span)) for span in spans)}"
