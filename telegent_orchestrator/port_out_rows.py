"""Port-outs from a CSV file, or every error in it."""

import csv
import io
from collections.abc import Sequence

from pydantic import ValidationError

from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.bulk_rows import InvalidRowsError, RowError
from telegent_orchestrator.port_out import PortOutRequest

COLUMNS = ("phone_number", "authentication_reference", "subscription_id", "after_port_out")
"""The columns of the file; the last two may be missing or empty. PINs are always random ones."""
REQUIRED_COLUMNS = COLUMNS[:2]
MAX_PORT_OUTS = 10_000


def read_port_outs(text: str, by: str) -> list[PortOutRequest]:
    """Read one port-out from each row.

    Args:
        text: The content of the file; its first row names the columns.
        by: Who requests them.

    Raises:
        InvalidRowsError: With every error, without values.
    """
    rows, errors = _read_rows(text.removeprefix("\ufeff"))
    requests: dict[str, PortOutRequest] = {}
    for row, cells in enumerate(rows, start=2):
        given = {name: cell for name, cell in cells.items() if cell}
        try:
            request = PortOutRequest.model_validate({**given, "by": by})
        except ValidationError as error:
            errors += [RowError(row, each) for each in format_errors(error, PortOutRequest)]
            continue
        if request.phone_number in requests:
            errors.append(RowError(row, "phone_number is there more than once"))
        requests[request.phone_number] = request
    if errors or not requests:
        raise InvalidRowsError(errors or [RowError(1, "there is no row below the header")])
    return list(requests.values())


def _read_rows(text: str) -> tuple[list[dict[str, str]], list[RowError]]:
    """The cells of each row, by column; none if the columns are not as they must be."""
    reader = csv.DictReader(io.StringIO(text), strict=True, restkey="(cells without a column)")
    try:
        errors = _column_errors(reader.fieldnames or ())
        rows = [] if errors else list(reader)
    except csv.Error as error:
        return [], [RowError(reader.line_num, str(error))]
    if len(rows) > MAX_PORT_OUTS:
        return [], [RowError(MAX_PORT_OUTS + 2, f"a file has at most {MAX_PORT_OUTS} port-outs")]
    return rows, errors


def _column_errors(names: Sequence[str]) -> list[RowError]:
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    errors = [RowError(1, f"the column {name} is missing") for name in missing]
    if unknown:
        errors.append(RowError(1, f"the columns are {', '.join(COLUMNS)}, and no others"))
    return errors
