"""Rows of a bulk from a CSV or JSON Lines file: all of them read and checked, or every fault."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue, ValidationError

from telegent_orchestrator._json_path import NoPlaceError, put
from telegent_orchestrator._validation import faults_of
from telegent_orchestrator.bulk import MOST_BYTES_IN_PART, MOST_ROWS, BulkRow
from telegent_orchestrator.onboarding import OnboardingRequest

WORDS: Mapping[str, JsonValue] = {"true": True, "false": False}
RawRow = dict[str, JsonValue]


class Format(StrEnum):
    """What a file is written in."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class RowFault:
    """What is wrong with a row. Rows are counted as a spreadsheet counts them: the head is row 1;
    in JSON Lines they are the lines of the file."""

    row: int
    what: str


class RowsRefusedError(Exception):
    """A file that cannot be used; `faults` are all of them, and hold no values."""

    def __init__(self, faults: list[RowFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults

    def sentences(self) -> list[str]:
        """One sentence for each fault, with the rows that have it."""
        rows: dict[str, list[int]] = {}
        for fault in self.faults:
            rows.setdefault(fault.what, []).append(fault.row)
        return [f"{_rows(numbers)}: {what}" for what, numbers in rows.items()]


def read_rows(text: str, form: Format, common: RawRow | None = None) -> list[BulkRow]:
    """The rows of a file, each an onboarding. Raises RowsRefusedError.

    `common`: what every row has as well. A row's own values win: in CSV each cell, in JSON Lines
    each top-level field.
    """
    faults: list[RowFault] = []
    raw = _raw_csv if form is Format.CSV else _raw_json_lines
    rows: list[tuple[int, RawRow]] = []
    for number, found in raw(text, common or {}):
        if isinstance(found, str):
            faults.append(RowFault(number, found))
        else:
            rows.append((number, found))
    read = [_read(number, row, faults) for number, row in rows]
    faults += _repeated(rows)
    if not rows and not faults:
        faults.append(RowFault(1, "there are no rows"))
    if len(rows) > MOST_ROWS:
        faults.append(RowFault(rows[MOST_ROWS][0], f"a bulk has at most {MOST_ROWS} rows"))
    if faults:
        raise RowsRefusedError(sorted(faults, key=lambda fault: fault.row))
    return [row for row in read if row]


def _raw_csv(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [column.strip() for column in next(table, [])]
        for column in sorted({column for column in head if head.count(column) > 1}):
            yield 1, f"two columns are called {column!r}"
        for number, cells in enumerate(table, start=2):
            if any(cell.strip() for cell in cells):
                yield number, _row_of(head, cells, common)
    except csv.Error as error:
        yield table.line_num, f"is not CSV: {error}"


def _row_of(head: list[str], cells: list[str], common: RawRow) -> RawRow | str:
    if len(cells) > len(head):
        return f"has {len(cells)} cells, and there are {len(head)} columns"
    row = deepcopy(common)
    for column, cell in zip(head, cells, strict=False):
        value = cell.strip()
        try:
            if value:
                put(row, column, WORDS.get(value.lower(), value))
        except NoPlaceError:
            return f"a request has no place {column!r}"
    return row


def _raw_json_lines(text: str, common: RawRow) -> Iterator[tuple[int, RawRow | str]]:
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


def _read(number: int, row: RawRow, faults: list[RowFault]) -> BulkRow | None:
    text = json.dumps(row)
    if len(text) > MOST_BYTES_IN_PART:
        faults.append(RowFault(number, f"has more than {MOST_BYTES_IN_PART} characters"))
        return None
    try:
        return BulkRow(number=number, onboarding=OnboardingRequest.model_validate_json(text))
    except ValidationError as error:
        faults += [RowFault(number, what) for what in faults_of(error)]
        return None


def _repeated(rows: Iterable[tuple[int, RawRow]]) -> Iterator[RowFault]:
    """What only one row can have. Without the values: some are personal."""
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows:
        for place, kind, value in _unique(row):
            first = seen.setdefault((kind, value.casefold()), number)
            if first != number:
                yield RowFault(number, f"{place}: is the same in row {first}")


def _unique(row: RawRow) -> Iterator[tuple[str, str, str]]:
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


def _rows(numbers: list[int]) -> str:
    """Row numbers in order, those that follow each other as from-to."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        elif not spans or number != spans[-1][-1]:
            spans.append([number])
    word = "row" if spans == [numbers] and len(numbers) == 1 else "rows"
    return f"{word} {', '.join('-'.join(map(str, span)) for span in spans)}"
