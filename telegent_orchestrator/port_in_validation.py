"""What is missing, invalid or doubtful in port-ins and in addresses, beyond their types.

The worker checks it before a call to Telegent, and the command line before anything is sent.
Pure: no clock, no network. No message repeats a value of the details, which are personal or secret.
What our reference data do not know (area codes, ZIP codes, carriers) is only a warning.

Needs the extra `validation` of this package, which installs the libraries with the reference data.
"""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import phonenumbers
import zipcodes

from telegent_orchestrator._models import WireModel
from telegent_orchestrator._validation import name_words
from telegent_orchestrator.port_in import PortInDetails
from telegent_orchestrator.us_calendar import FEDERAL_HOLIDAYS, is_business_day, time_zone_of

PIN_EXPIRY_WARNING = timedelta(days=1)
"""How long before a PIN expires to warn: a rejected port needs time for a second try."""
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far a time may be ahead of ours, because clocks differ."""
LANDLINE_NOTICE = range(5, 11)
"""Business days by which the date of a landline should be ahead (best practices, section 8.2)."""
UNITED_STATES = frozenset({"US", "AS", "GU", "MP", "PR", "VI"})
"""Regions whose numbers are ported under the FCC's rules: the states and the territories."""
STATE_CODE_BY_NAME = {
    name.casefold(): code for name, code in FEDERAL_HOLIDAYS.subdivisions_aliases.items()
}
STATE_CODES = frozenset({*STATE_CODE_BY_NAME.values(), "AA", "AE", "AP"})
"""Two-letter codes of the states, the territories and the armed forces."""
OLD_SERVICE_REASON = (
    "the old service must stay active until the port has completed: a number whose service is "
    "cancelled first is lost"
)


class FieldError(WireModel):
    """An invalid field, and why. Without its value."""

    field: str
    message: str


class ValidationReport(WireModel):
    """Everything that was found.

    Attributes:
        missing: Fields that the port-in cannot do without.
        errors: Invalid fields.
        warnings: Doubts that stop nothing.
    """

    missing: list[FieldError] = []
    errors: list[FieldError] = []
    warnings: list[str] = []

    @property
    def messages(self) -> list[str]:
        """Missing and invalid fields as sentences."""
        return [f"{found.field}: {found.message}" for found in [*self.missing, *self.errors]]

    @property
    def invalid_fields(self) -> list[str]:
        """Names of the missing and invalid fields, without the parts of objects."""
        names = (found.field.split(".")[0] for found in [*self.missing, *self.errors])
        return list(dict.fromkeys(names))


class CarrierRules(WireModel):
    """What a losing carrier requires, as far as it is known.

    Attributes:
        pin_valid_days: The shortest and the longest validity that sources state.
        uncertain: Fields for which there is no good source: they only cause warnings.
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
    """The file of carriers, and the day on which its sources were checked."""

    checked_on: date
    carriers: list[CarrierRules]


def validate(
    details: PortInDetails, now: datetime, *, wireline_pin_required: bool = False
) -> ValidationReport:
    """Everything that is missing, invalid or doubtful at `now` (aware).

    `wireline_pin_required`: whether Telegent does not take the port of a landline without a PIN.
    """
    carrier = find_carrier(details.losing_carrier)
    report = ValidationReport(missing=_missing(details, carrier, wireline_pin_required))
    _check_number(details, report)
    _check_account(details, carrier, report)
    _check_pin(details, carrier, report)
    _check_pin_age(details, carrier, report, now)
    _check_address(details, report)
    _check_date(details, report, now)
    _check_authorization(details, report, now)
    return report


def validate_address(field: str, state: str, zip_code: str) -> ValidationReport:
    """What is invalid or doubtful in the state and the ZIP code of the US address in this field.

    A ZIP code in another state than the address is rejected at once (industry practice).
    """
    report = ValidationReport()
    code = STATE_CODE_BY_NAME.get(state.casefold(), state.upper())
    if code not in STATE_CODES:
        _add_error(report, f"{field}.state", "must be the name of a US state or its two letters")
    # The library's stubs describe a module inside it, not the one that is imported.
    places = zipcodes.matching(zip_code[:5])  # type: ignore[no-untyped-call]
    states = {place["state"] for place in places}
    if not states:
        report.warnings.append(f"{field}.zip: is not in our list of ZIP codes; check it")
    elif code in STATE_CODES and code not in states:
        _add_error(report, f"{field}.zip", "is in another state than the address")
    return report


def pin_expires_at(carrier: str | None, pin_obtained_at: datetime | None) -> datetime | None:
    """When a PIN may stop working, by the shortest validity stated; None if unknown."""
    known = find_carrier(carrier)
    if not known or not known.pin_valid_days or not pin_obtained_at:
        return None
    return pin_obtained_at + timedelta(days=known.pin_valid_days[0])


def find_carrier(name: str | None) -> CarrierRules | None:
    """What is known about the carrier with this name, such as "Verizon Wireless"."""
    words = name_words(name or "")
    best: tuple[int, CarrierRules] | None = None
    for carrier in known_carriers().carriers:
        for alias in map(name_words, carrier.aliases):
            # Prepaid accounts of a carrier have rules of their own.
            same_kind = ("prepaid" in words) == ("prepaid" in alias)
            if same_kind and words[: len(alias)] == alias and (not best or len(alias) > best[0]):
                best = len(alias), carrier
    return best[1] if best else None


@cache
def known_carriers() -> CarrierDirectory:
    """The carriers whose rules are known."""
    file = Path(__file__).with_name("losing_carriers.json")
    return CarrierDirectory.model_validate_json(file.read_text(encoding="utf-8"))


def _add_error(report: ValidationReport, field: str, message: str) -> None:
    report.errors.append(FieldError(field=field, message=message))


def _missing(
    details: PortInDetails, carrier: CarrierRules | None, wireline_pin_required: bool
) -> list[FieldError]:
    """Fields that a port-in cannot do without.

    Account number, PIN and ZIP code are what carriers validate (FCC consumer guide; 47 CFR 52.36
    requires the passcode only where one was assigned, which on wireline is the exception). The
    gaining side must hold the authorization (industry practice), and a service that is cancelled
    first takes the number with it (FCC consumer guide).
    """
    messages = {
        "losing_carrier": "is missing: the carrier that the number leaves",
        "account_number": "is missing: the account at the losing carrier, as printed on the bill",
        "account_pin": f"is missing: {_how_to_get_pin(carrier)}",
        "billing_address": "is missing: as printed on the losing carrier's bill",
        "authorization": "is missing: your record of the subscriber's authorization",
        "old_service_stays_active": f"is missing: {OLD_SERVICE_REASON}; set it to true",
    }
    if details.port_in_date and not wireline_pin_required:
        del messages["account_pin"]
    if details.classification == "iot":
        messages["iccid"] = "is missing: an IoT number needs a SIM"
    return [
        FieldError(field=field, message=message)
        for field, message in messages.items()
        if getattr(details, field) is None
    ]


def _how_to_get_pin(carrier: CarrierRules | None) -> str:
    if carrier and carrier.pin_instructions:
        return f"the {carrier.pin}: {carrier.pin_instructions}"
    return (
        "the transfer PIN, or the PIN of the account; ask the losing carrier. If it assigns none, "
        "ask Telegent's support which value this carrier expects, and send that"
    )


def _check_number(details: PortInDetails, report: ValidationReport) -> None:
    """Whether the area code is known, and in the United States.

    The structure of the number is checked by its type. The vendor's eligibility check decides.
    """
    try:
        number = phonenumbers.parse(details.phone_number)
    except phonenumbers.NumberParseException:
        _add_error(report, "phone_number", "must be +1 and ten digits")
        return
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number(number):
        report.warnings.append(
            "phone_number: its area code or exchange is not in our reference data; check it"
        )
    elif region not in UNITED_STATES:
        report.warnings.append(
            "phone_number: its area code is not in the United States by our reference data; check "
            "it"
        )
    if details.old_service_stays_active is False:
        _add_error(report, "old_service_stays_active", f"must be true: {OLD_SERVICE_REASON}")


def _check_account(
    details: PortInDetails, carrier: CarrierRules | None, report: ValidationReport
) -> None:
    number = details.account_number
    if number is None or not carrier or not carrier.account_digits:
        return
    digits = carrier.account_digits
    if len(number) != digits or not number.isdecimal():
        report.warnings.append(
            f"account_number: account numbers of {carrier.name} usually have {digits} digits"
        )


def _check_pin(
    details: PortInDetails, carrier: CarrierRules | None, report: ValidationReport
) -> None:
    if details.account_pin is None or not carrier:
        return
    if carrier.pin_digits not in (None, len(details.account_pin)):
        report.warnings.append(
            f"account_pin: the {carrier.pin} of {carrier.name} usually has {carrier.pin_digits} "
            "digits; the PIN for signing in does not work"
        )


def _check_pin_age(
    details: PortInDetails, carrier: CarrierRules | None, report: ValidationReport, now: datetime
) -> None:
    """Transfer PINs expire within days; each carrier has its own validity."""
    if details.pin_obtained_at and details.pin_obtained_at > now + MAX_CLOCK_DIFFERENCE:
        _add_error(report, "pin_obtained_at", "is in the future")
        return
    if details.account_pin is None or not carrier or not carrier.pin_valid_days:
        return
    instructions = f": {carrier.pin_instructions}" if carrier.pin_instructions else ""
    renew = f"get a new {carrier.pin}{instructions}"
    shortest, longest = carrier.pin_valid_days
    if details.pin_obtained_at is None:
        report.warnings.append(
            f"pin_obtained_at: the {carrier.pin} of {carrier.name} expires after {shortest} days; "
            "set pin_obtained_at so that expiry can be tracked"
        )
        return
    age = now - details.pin_obtained_at
    if age >= timedelta(days=longest) and "pin_valid_days" not in carrier.uncertain:
        _add_error(report, "account_pin", f"has expired, after {longest} days; {renew}")
    elif age >= timedelta(days=shortest):
        report.warnings.append(f"account_pin: may have expired, after {shortest} days; {renew}")
    elif age > timedelta(days=shortest) - PIN_EXPIRY_WARNING:
        report.warnings.append(f"account_pin: expires in less than a day; {renew}")


def _check_address(details: PortInDetails, report: ValidationReport) -> None:
    if address := details.billing_address:
        found = validate_address("billing_address", address.state, address.zip)
        report.errors += found.errors
        report.warnings += found.warnings


def _check_date(details: PortInDetails, report: ValidationReport, now: datetime) -> None:
    """Landlines are ported on business days (47 CFR 52.35), in the time zone of their region."""
    requested = details.port_in_date
    if requested is None:
        return
    today = now.astimezone(time_zone_of(details.phone_number)).date()
    if requested < today:
        _add_error(report, "port_in_date", "is in the past")
    elif not is_business_day(requested):
        report.warnings.append(
            "port_in_date: is a weekend or a federal holiday, on which carriers need not work"
        )
    elif (ahead := _business_days(today, requested)) not in LANDLINE_NOTICE:
        shown = f"{ahead} business days" if ahead in range(LANDLINE_NOTICE.stop) else "further"
        report.warnings.append(
            "port_in_date: Telegent's best practices say 5 to 10 business days ahead; this is "
            f"{shown}"
        )


def _business_days(after: date, until: date) -> int:
    """Business days from one date to another, counted up to one more than the longest notice."""
    days, day = 0, after
    while day < until and days <= LANDLINE_NOTICE.stop:
        day += timedelta(days=1)
        days += is_business_day(day)
    return days


def _check_authorization(details: PortInDetails, report: ValidationReport, now: datetime) -> None:
    authorization = details.authorization
    if authorization and authorization.attested_at > now + MAX_CLOCK_DIFFERENCE:
        _add_error(report, "authorization.attested_at", "is in the future")
