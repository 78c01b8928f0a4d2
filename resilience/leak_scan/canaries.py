"""Canaries: values that occur nowhere else, for everything that must not be readable."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resilience.harness.customer import BOUGHT, CHILD, PARENT, PORTED, Customer, catalogue
from simulator import CarrierRecord, CarrierSetup, CarrierTimings
from simulator.engine.carrier import WRONG_ACCOUNT_NUMBER
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection


class SecretKind(StrEnum):
    """What a value is, which decides who may read it."""

    SERVICE = "service secret"
    SUBSCRIBER = "subscriber secret"
    PERSONAL = "personal data"


@dataclass(frozen=True)
class Canary:
    """One value, and other ways to write it.

    Attributes:
        in_payloads: Whether it goes through Temporal as well, so that it must be found there
            without encryption.
    """

    name: str
    value: str
    kind: SecretKind = SecretKind.SUBSCRIBER
    in_payloads: bool = True
    spellings: Sequence[str] = ()


def _service_secret(name: str, value: str) -> Canary:
    return Canary(name, value, SecretKind.SERVICE, in_payloads=False)


def _personal(name: str, value: str, *spellings: str) -> Canary:
    return Canary(name, value, SecretKind.PERSONAL, spellings=spellings)


def _phones(name: str, *numbers: str, in_payloads: bool = True) -> Canary:
    spellings = []
    for number in numbers:
        bare = number.removeprefix("+1")
        area, exchange, line = bare[:3], bare[3:6], bare[6:]
        spellings += [bare, f"({area}) {exchange}-{line}"]
        spellings += [f"{area}{sign}{exchange}{sign}{line}" for sign in "-. "]
    return Canary(name, numbers[0], SecretKind.PERSONAL, in_payloads, tuple(spellings))


# No value is part of another one, and all are long: short values occur by chance in base64.
WRONG_ACCOUNT = Canary("account number, wrong", "QX7WRONG93ACCT41")
ACCOUNT = Canary("account number", "QX8RIGHT52ACCT60")
WRONG_PIN = Canary("transfer PIN, wrong", "604718293551872")
PIN = Canary("transfer PIN", "718205936644191")
PASSWORD = Canary("password", 'Vy"4&mQ\\zebra/ü+57<quartz>')
NEW_PASSWORD = Canary("new password", 'Nb"9%crater\\moss/ä-63>basalt&')
ROUTE_PASSWORD = Canary("route password", "hG-route-basic-%20-8Lw")
ROUTE_TOKEN = Canary("route bearer token", "hG-route-bearer-9Xk2mP")
PORT_OUT_PIN = Canary("port-out PIN", "903846172593715")

ACCOUNT_SECRET = _service_secret("account secret", "telegent-account-secret-T4nW8")
# Every token of the simulator begins with this, the head of a JWT.
BEARER = _service_secret("bearer tokens", "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9")
WEBHOOK_PASSWORD = _service_secret("webhook password", "inbound-hook-password-R6")
WEBHOOK_TOKEN = _service_secret("webhook token", "inbound-hook-token-J3vB")
EVENT_SECRET = _service_secret("event signing key", "whsec_Y2FuYXJ5LWV2ZW50LXNpZ25pbmcta2V5LTE=")
EVENT_URL = _service_secret("key in an event URL", "receiver-key-in-url-M5sD")
PAYLOAD_KEY = _service_secret("payload key", "Y2FuYXJ5IHBheWxvYWQga2V5IG9mIDMyIGJ5dGVzLi4=")
ID_KEY = _service_secret("id key", "canary-id-key-0f4b6c1d")
OPERATOR_TOKEN = _service_secret("codec operator's token", "codec-operator-token-W8e2Kq7Z")

NAME = _personal("name", "Quirina Canaryfeather")
EMAIL = _personal("e-mail", "@canaryfeather-quirina.example")
STREET = _personal("street", "47 Canaryfeather Crossing")
ZIP = _personal("ZIP code", "84043-7319")
CARD = _personal("card number, in a reason", "4929 1375 8206 4417", "4929137582064417")
BIRTH_DATE = _personal("birth date, in a reason", "born 1987-03-14")
PORTED_NUMBER = _phones("number that is ported in", "+14356297184")
SILENT_NUMBER = _phones("number of a silent carrier", "+14356297295")
QUOTED_NUMBER = _phones("number of a carrier that quotes", "+14356297517")
FILTER_NUMBER = _phones("number in a filter", "+14356297306")
_MATRIX_NUMBERS = [f"+143562974{at:02d}" for at in range(4)]
MATRIX_NUMBERS = _phones("numbers of the fault matrix", *_MATRIX_NUMBERS, in_payloads=False)
AUTHENTICATION = _personal("authentication reference", "hG-authenticated-by-5Rw8Tn")
# Every activation code of the simulator begins with this; the URL of its QR picture contains it.
ACTIVATION_CODE = _personal("activation code", "LPA:1$smdp.simulator.example$SIM00-")
SIM_SERIAL = _personal("SIM serial", "8901240397195820417")

CANARIES = [value for value in globals().values() if isinstance(value, Canary)]

REASON = f"card {CARD.value}, {BIRTH_DATE.value}"
"""What operators may write into a free-text field."""
ADDRESS = {"street1": STREET.value, "city": "Lehi", "state": "UT", "zip": ZIP.value}


def carrier() -> CarrierSetup:
    """The losing carrier, whose records differ from the requests."""
    record = CarrierRecord(account_number=ACCOUNT.value, pin=PIN.value)
    quotes = f"ACCOUNT {WRONG_ACCOUNT.value} HAS NO PIN {WRONG_PIN.value}"
    return CarrierSetup(
        records={
            **dict.fromkeys((PORTED_NUMBER.value, *_MATRIX_NUMBERS), record),
            SILENT_NUMBER.value: CarrierRecord(script="silent"),
            QUOTED_NUMBER.value: CarrierRecord(script=f"reject:{quotes}"),
        },
        timings=CarrierTimings(acknowledge_after=0.2, decide_after=0.4, complete_after=0.8),
    )


def port_in(number: str) -> dict[str, Any]:
    """A port-in with a wrong account number."""
    return {
        "phone_number": number,
        "losing_carrier": "Example Carrier",
        "account_number": WRONG_ACCOUNT.value,
        "account_pin": WRONG_PIN.value,
        "subscriber_name": NAME.value,
        "billing_address": ADDRESS,
        "authorization": {
            "reference": "loa-1",
            "attested_by": NAME.value,
            "attested_at": "2026-11-20T15:00:00Z",
        },
        "old_service_stays_active": True,
    }


def customer() -> Customer:
    """The customer whose port-in is rejected and corrected."""
    return _customer(onboarding("canary-1"), PORTED_NUMBER.value)


def matrix_customers() -> list[Customer]:
    """Customers of the fault matrix, with their own numbers."""
    customers = []
    for at, number in enumerate(_MATRIX_NUMBERS):
        request = onboarding(f"matrix-{at}")
        bought, ported = request["lines"]
        bought["number"] = {"kind": "new", "zip_code": ZIP.value}
        ported["number"]["phone_number"] = number
        customers.append(_customer(request, number))
    return customers


def _customer(request: dict[str, Any], number: str) -> Customer:
    return Customer(
        request=OnboardingRequest.model_validate(request),
        number=number,
        record=CarrierRecord(account_number=ACCOUNT.value, pin=PIN.value),
        rejection=WRONG_ACCOUNT_NUMBER,
        correction=PortInCorrection(
            account_number=ACCOUNT.value, account_pin=PIN.value, by=NAME.value
        ),
    )


def onboarding(reference: str) -> dict[str, Any]:
    """A request with a canary in every field that must not be readable."""
    return {
        "reference": reference,
        "account": {
            "name": NAME.value,
            "admin_email": f"admin.{reference}{EMAIL.value}",
            "billing_address": ADDRESS,
        },
        "subscribers": [
            {
                "key": key,
                "name": NAME.value,
                "email": f"{key}.{reference}{EMAIL.value}",
                "password": PASSWORD.value,
                "guardian": True,
            }
            for key in (PARENT, CHILD)
        ],
        "relations": [{"parent": PARENT, "child": CHILD}],
        "routes": {
            "message": {
                "name": "Messages",
                "url": "https://mvno.example.com/messages",
                "credentials": {
                    "type": "Basic",
                    "username": "telegent",
                    "secret": ROUTE_PASSWORD.value,
                },
            },
            "voice": {
                "name": "Calls",
                "type": "URL",
                "url": "https://mvno.example.com/calls",
                "credentials": {"type": "Bearer", "secret": ROUTE_TOKEN.value},
            },
        },
        **catalogue(reference),
        "lines": _lines(),
    }


def _lines() -> list[dict[str, Any]]:
    return [
        {
            "key": BOUGHT,
            "subscriber": CHILD,
            "package": "plan",
            "number": {"kind": "new", "zip_code": ZIP.value, "iccid": SIM_SERIAL.value},
            "e911_address": ADDRESS,
            "data_limits": {"notify_mb": 800, "limit_mb": 1000},
            "renewal": {"every": "week", "day": 1},
            "call_filter": {"mode": "WHITELIST", "allowed_numbers": [FILTER_NUMBER.value]},
            "message_filter": {"custom_keywords": [CARD.value]},
        },
        {
            "key": PORTED,
            "subscriber": PARENT,
            "package": "plan",
            "number": port_in(PORTED_NUMBER.value) | {"kind": "port_in"},
        },
    ]


def invalid_onboarding(reference: str) -> dict[str, Any]:
    """The same request with a mistake in every field that has a secret."""
    request = onboarding(reference)
    request["subscribers"][0] |= {"password": [PASSWORD.value], "pasword": PASSWORD.value}
    request["subscribers"][0]["email"] = f"owner at {EMAIL.value}"
    request["routes"]["voice"]["credentials"]["secret"] = {"token": ROUTE_TOKEN.value}
    request["lines"][1]["number"] |= {
        "account_number": f"{WRONG_ACCOUNT.value} ?",
        "account_pin": f"{WRONG_PIN.value}!",
        "phone_number": PORTED_NUMBER.value.removeprefix("+"),
    }
    return request


def new_password(number: str) -> dict[str, Any]:
    """A change of the subscriber of a line."""
    return {
        "phone_number": number,
        "change": {"kind": "subscriber", "name": NAME.value, "password": NEW_PASSWORD.value},
        "by": NAME.value,
        "reason": REASON,
    }


def new_sim(number: str) -> dict[str, Any]:
    """A swap of the SIM of a line."""
    change = {"kind": "swap_sim", "authentication_reference": AUTHENTICATION.value}
    return new_password(number) | {"change": change}


def invalid_line_changes() -> list[object]:
    """Line changes with a mistake in or near a secret."""
    number = PORTED_NUMBER.value
    password, sim = new_password(number), new_sim(number)
    return [
        password | {"change": password["change"] | {"password": [NEW_PASSWORD.value]}},
        password | {"change": password["change"] | {"pasword": NEW_PASSWORD.value}},
        sim | {"change": sim["change"] | {"authentication_reference": f"{AUTHENTICATION.value} ?"}},
        *malformed_payloads(),
    ]


def malformed_payloads() -> list[object]:
    """Starts and messages of no valid shape."""
    secrets = {"acount_number": ACCOUNT.value, "account_pin": [PIN.value]}
    return [
        secrets,
        secrets | {"by": NAME.value},
        {"details": secrets, "reference": f"{PIN.value} {NAME.value}", PIN.value: PASSWORD.value},
        PIN.value,
        [ACCOUNT.value],
    ]
