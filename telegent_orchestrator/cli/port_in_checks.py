"""The checks of the worker that need no network, run before anything is sent."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from telegent_orchestrator.bulk import BulkRow
from telegent_orchestrator.bulk_rows import InvalidRowsError, RowError
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.onboarding import OnboardingRequest, request_warnings
from telegent_orchestrator.port_in import PortInDetails
from telegent_orchestrator.port_in_validation import ValidationReport, validate


def check_port_in(details: PortInDetails) -> ValidationReport:
    """What the worker will find missing, invalid or doubtful in the details of a port-in."""
    return validate(details, datetime.now(UTC))


def check_onboarding(request: OnboardingRequest) -> tuple[list[str], list[str]]:
    """Errors and warnings of an onboarding request."""
    errors: list[str] = []
    warnings = request_warnings(request)
    for prefix, report in _line_reports(request):
        errors += [f"{prefix}.{message}" for message in report.messages]
        warnings += [f"{prefix}.{warning}" for warning in report.warnings]
    return errors, warnings


def check_rows(rows: Iterable[BulkRow]) -> list[str]:
    """Warnings about rows, each with its rows. Raises InvalidRowsError with the errors."""
    errors: list[RowError] = []
    warnings: list[RowError] = []
    for row in rows:
        found_errors, found_warnings = check_onboarding(row.onboarding)
        errors += [RowError(row.number, message) for message in found_errors]
        warnings += [RowError(row.number, message) for message in found_warnings]
    if errors:
        raise InvalidRowsError(errors)
    return InvalidRowsError(warnings).messages()


def _line_reports(request: OnboardingRequest) -> Iterator[tuple[str, ValidationReport]]:
    for at, line in enumerate(request.lines):
        if isinstance(line.number, PortInNumber):
            yield f"lines.{at}.number", check_port_in(line.number)


def describe_start(report: ValidationReport) -> Sequence[str]:
    """Notices at the start of a port-in, which waits for what is missing or invalid."""
    return [f"the port-in will wait for data: {message}" for message in report.messages] + [
        f"warning: {warning}" for warning in report.warnings
    ]
