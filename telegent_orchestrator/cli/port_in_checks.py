"""Checks that need no network, run before anything is sent."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import BulkRow
from telegent_orchestrator.bulk_rows import InvalidRowsError, RowError
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.onboarding import OnboardingRequest, request_warnings
from telegent_orchestrator.port_in import PortInDetails
from telegent_orchestrator.port_in_validation import (
    CarrierRules,
    ValidationReport,
    find_carrier,
    validate,
    validate_address,
)


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


class CarrierRequirements(WireModel):
    """What one losing carrier will ask for.

    Attributes:
        carrier: Its name as in our reference data, or as in the rows.
        known: Whether our reference data has it; otherwise `asks_for` is what most carriers want.
        rows: The rows with a number of this carrier.
    """

    carrier: str
    known: bool
    asks_for: list[str]
    rows: list[int]


def carrier_requirements(rows: Iterable[BulkRow]) -> list[CarrierRequirements]:
    """What each losing carrier of these rows will ask for; the one with most numbers first."""
    found: dict[str, CarrierRequirements] = {}
    for row in rows:
        for line in row.onboarding.lines:
            if not isinstance(line.number, PortInNumber) or not line.number.losing_carrier:
                continue
            known = find_carrier(line.number.losing_carrier)
            name = known.name if known else line.number.losing_carrier
            entry = found.setdefault(
                name,
                CarrierRequirements(
                    carrier=name, known=known is not None, asks_for=_asks_for(known), rows=[]
                ),
            )
            entry.rows.append(row.number)
    return sorted(found.values(), key=lambda entry: -len(entry.rows))


def _asks_for(carrier: CarrierRules | None) -> list[str]:
    if carrier is None:
        return ["account number", "transfer PIN, or PIN of the account", "address as on the bill"]
    digits = f" of {carrier.account_digits} digits" if carrier.account_digits else ""
    pin = f"{carrier.pin} of {carrier.pin_digits} digits" if carrier.pin_digits else carrier.pin
    if carrier.pin_valid_days:
        shortest, longest = carrier.pin_valid_days
        days = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        pin += f", valid for {days} days"
    if carrier.pin_instructions:
        pin += f": {carrier.pin_instructions}"
    lock = [f"{carrier.lock} switched off"] if carrier.lock else []
    return [f"account number{digits}", pin, "address as on the bill", *lock]


def _line_reports(request: OnboardingRequest) -> Iterator[tuple[str, ValidationReport]]:
    for at, line in enumerate(request.lines):
        if isinstance(line.number, PortInNumber):
            yield f"lines.{at}.number", check_port_in(line.number)
        if address := line.e911_address:
            yield f"lines.{at}", validate_address("e911_address", address.state, address.zip)


def describe_start(report: ValidationReport) -> Sequence[str]:
    """Notices at the start of a port-in, which waits for what is missing or invalid."""
    return [f"the port-in will wait for data: {message}" for message in report.messages] + [
        f"warning: {warning}" for warning in report.warnings
    ]
