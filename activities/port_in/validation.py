"""What is missing or wrong in a port-in's details, found before a call is spent on them.

Pure: no clock, no network. No message holds a value of the details: they are personal or secret.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import phonenumbers
import zipcodes

from activities.port_in.poll_schedule import FEDERAL_HOLIDAYS, is_business_day, time_zone_of
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.port_in import PortInDetails

PIN_EXPIRY_WARNING = timedelta(days=1)
"""How long before a PIN expires to warn: a port that is rejected needs time for a second try."""

UNITED_STATES = frozenset({"US", "AS", "GU", "MP", "PR", "VI"})
"""Regions whose numbers are ported under the FCC's rules: the states and the territories."""

STATE_CODE_BY_NAME = {
    name.casefold(): code for name, code in FEDERAL_HOLIDAYS.subdivisions_aliases.items()
}
"""Two-letter codes by name."""
STATE_CODES = frozenset({*STATE_CODE_BY_NAME.values(), "AA", "AE", "AP"})
"""Two-letter codes, with those of the armed forces."""


class FieldError(WireModel):
    """A field that would be rejected, and why: without its value."""

    field: str
    message: str


class ValidationReport(WireModel):
    """All that was found at once. `missing`: fields to give; `warnings` stop nothing."""

    missing: list[str] = []
    errors: list[FieldError] = []
    warnings: list[str] = []


class Carrier(WireModel):
    """What a losing carrier asks for, as far as it is known.

    `pin_valid_days`: the shortest and the longest that is stated. `uncertain`: fields that no good
    source states.
    """

    name: str
    aliases: list[str]
    pin: str = "transfer PIN"
    pin_digits: int | None = None
    pin_valid_days: tuple[int, int] | None = None
    account_digits: int | None = None
    lock: str = ""
    pin_instructions: str = ""
    source: str
    uncertain: list[str] = []


class CarrierDirectory(WireModel):
    """The file of carriers, and the day on which its sources were read."""

    checked_on: date
    carriers: list[Carrier]


def validate(details: PortInDetails, now: datetime) -> ValidationReport:
    """Everything that is missing, wrong or doubtful at `now` (aware)."""
    report = ValidationReport(missing=_missing(details))
    carrier = find_carrier(details.losing_carrier)
    _check_number(details, report)
    _check_account(details, carrier, report)
    _check_pin(details, carrier, report)
    _check_pin_age(details, carrier, report, now)
    _check_address(details, report)
    _check_date(details, report, now)
    if details.authorization and not details.authorization.reference.strip():
        _add_error(report, "authorization.reference", "must say where the authorization is kept")
    return report


def pin_expires_at(carrier: str | None, pin_obtained_at: datetime | None) -> datetime | None:
    """When a PIN may stop working, by the shortest validity that is stated; None: not known."""
    known = find_carrier(carrier)
    if not known or not known.pin_valid_days or not pin_obtained_at:
        return None
    return pin_obtained_at + timedelta(days=known.pin_valid_days[0])


def find_carrier(name: str | None) -> Carrier | None:
    """What is known of the carrier of this name, such as "Verizon Wireless"; None if nothing."""
    words = _name_words(name or "")
    best: tuple[int, Carrier] | None = None
    for carrier in known_carriers().carriers:
        for alias in map(_name_words, carrier.aliases):
            # Prepaid accounts of a carrier have rules of their own.
            same_kind = ("prepaid" in words) == ("prepaid" in alias)
            if same_kind and words[: len(alias)] == alias and (not best or len(alias) > best[0]):
                best = len(alias), carrier
    return best[1] if best else None


@cache
def known_carriers() -> CarrierDirectory:
    """The carriers that something is known of."""
    file = Path(__file__).with_name("losing_carriers.json")
    return CarrierDirectory.model_validate_json(file.read_text(encoding="utf-8"))


def _name_words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.casefold().replace("&", " and "))


def _add_error(report: ValidationReport, field: str, message: str) -> None:
    report.errors.append(FieldError(field=field, message=message))


def _missing(details: PortInDetails) -> list[str]:
    """What a port-in cannot do without.

    Account number, PIN and ZIP code are what carriers validate (FCC consumer guide; 47 CFR 52.36
    has the passcode only where one was assigned, which on wireline is the exception). The gaining
    side must hold the authorization (industry practice), and a service that is cancelled first
    takes the number with it (FCC consumer guide).
    """
    needed = ["losing_carrier", "account_number", "billing_address", "authorization"]
    if not details.port_in_date:
        needed.insert(2, "account_pin")
    missing = [field for field in needed if getattr(details, field) is None]
    return missing + ["old_service_stays_active"] * (not details.old_service_stays_active)


def _check_number(details: PortInDetails, report: ValidationReport) -> None:
    """A number of the North American Numbering Plan that is in use in the United States."""
    try:
        number = phonenumbers.parse(details.phone_number)
    except phonenumbers.NumberParseException:
        _add_error(report, "phone_number", "must be in E.164: +1 and ten digits")
        return
    if not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        _add_error(report, "phone_number", "no such number can exist: check area code and length")
    elif phonenumbers.region_code_for_number(number) not in UNITED_STATES:
        _add_error(report, "phone_number", "is not a number of the United States")


def _check_account(
    details: PortInDetails, carrier: Carrier | None, report: ValidationReport
) -> None:
    """1 to 20 letters and digits (industry practice); hyphens are as the bill groups them."""
    if details.account_number is None:
        return
    bare = details.account_number.replace("-", "").strip()
    if not re.fullmatch(r"[A-Za-z0-9]{1,20}", bare):
        _add_error(report, "account_number", "must be 1 to 20 letters and digits")
    elif carrier and carrier.account_digits:
        digits = carrier.account_digits
        if not re.fullmatch(rf"\d{{{digits}}}", bare):
            report.warnings.append(f"account_number: {carrier.name}'s usually have {digits} digits")


def _check_pin(details: PortInDetails, carrier: Carrier | None, report: ValidationReport) -> None:
    """4 to 15 digits, of which a leading zero is one (industry practice)."""
    if details.account_pin is None:
        return
    if not re.fullmatch(r"[0-9]{4,15}", details.account_pin):
        _add_error(report, "account_pin", "must be 4 to 15 digits, leading zeros included")
    elif carrier and carrier.pin_digits not in (None, len(details.account_pin)):
        report.warnings.append(
            f"account_pin: {carrier.name}'s {carrier.pin} usually has {carrier.pin_digits} digits; "
            "the PIN for signing in does not work"
        )


def _check_pin_age(
    details: PortInDetails, carrier: Carrier | None, report: ValidationReport, now: datetime
) -> None:
    """Transfer PINs live for days; how many is the carrier's own rule."""
    if details.account_pin is None or not carrier or not carrier.pin_valid_days:
        return
    another = f"get a new {carrier.pin}" + (
        f": {carrier.pin_instructions}" if carrier.pin_instructions else ""
    )
    shortest, longest = carrier.pin_valid_days
    if details.pin_obtained_at is None:
        report.warnings.append(
            f"pin_obtained_at: {carrier.name}'s {carrier.pin} expires after {shortest} days; say "
            "when it was obtained, or nobody can tell in time"
        )
        return
    age = now - details.pin_obtained_at
    if age < timedelta():
        _add_error(report, "pin_obtained_at", "lies in the future")
    elif age >= timedelta(days=longest) and "pin_valid_days" not in carrier.uncertain:
        _add_error(report, "account_pin", f"has expired, after {longest} days; {another}")
    elif age >= timedelta(days=shortest):
        report.warnings.append(f"account_pin: may have expired, after {shortest} days; {another}")
    elif age > timedelta(days=shortest) - PIN_EXPIRY_WARNING:
        report.warnings.append(f"account_pin: expires in less than a day; {another}")


def _check_address(details: PortInDetails, report: ValidationReport) -> None:
    """A ZIP code in another state than the address is rejected at once (industry practice)."""
    address = details.billing_address
    if address is None:
        return
    state = address.state.strip()
    code = STATE_CODE_BY_NAME.get(state.casefold(), state.upper())
    if code not in STATE_CODES:
        _add_error(report, "billing_address.state", "is neither a state's name nor its two letters")
    if not re.fullmatch(r"[0-9]{5}(-[0-9]{4})?", address.zip):
        _add_error(report, "billing_address.zip", "must be 5 digits, or 5 and 4 with a hyphen")
        return
    # The library's stubs describe a module inside it, not the one that is imported.
    places = zipcodes.matching(address.zip[:5])  # type: ignore[no-untyped-call]
    states = {place["state"] for place in places}
    if not states:
        report.warnings.append("billing_address.zip: is in no list of ZIP codes that we have")
    elif code in STATE_CODES and code not in states:
        _add_error(report, "billing_address.zip", "lies in another state than the address")


def _check_date(details: PortInDetails, report: ValidationReport, now: datetime) -> None:
    """Landlines are ported on business days (47 CFR 52.35), by the clocks of their region."""
    requested = details.port_in_date
    if requested is None:
        return
    if requested < now.astimezone(time_zone_of(details.phone_number)).date():
        _add_error(report, "port_in_date", "has passed")
    elif not is_business_day(requested):
        report.warnings.append(
            "port_in_date: is a weekend or a federal holiday, on which carriers need not work"
        )
