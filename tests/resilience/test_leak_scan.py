"""The search of `make leak-scan` finds canaries in any encoding; else its zeros mean nothing."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from resilience.leak_scan.canaries import (
    CANARIES,
    CARD,
    EVENT_URL,
    MATRIX_NUMBERS,
    NAME,
    PASSWORD,
    PIN,
    Canary,
    SecretKind,
)
from resilience.leak_scan.encodings import Finder
from resilience.leak_scan.locations import (
    DATABASE,
    EVENTS,
    LOCATIONS,
    Location,
    coverage_gaps,
    search,
)

NOISE = bytes(range(256)) * 4
EMPTY = {location: NOISE + location.marker for location in LOCATIONS}
CLEAR = {location: "\n".join(c.value for c in CANARIES).encode() for location in LOCATIONS}


def test_noise_has_no_findings() -> None:
    assert search(EMPTY) == []


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_canary_is_found_in_each_encoding(canary: Canary) -> None:
    value = canary.value
    as_json = json.dumps({"value": value})
    written = [
        value,
        value.upper(),
        quote(value, safe=""),
        quote_plus(value),
        urlencode({"q": value}),
        as_json,
        json.dumps(as_json),
        json.dumps(value, ensure_ascii=False),
        value.encode().hex(),
        value.encode().hex(" "),
        value[::-1],
        *(base64.b64encode(before + value.encode()).decode() for before in (b"", b"a", b"ab")),
        base64.urlsafe_b64encode(as_json.encode()).decode(),
    ]
    finder = Finder(canary)
    for text in written:
        assert finder.count(NOISE + text.encode() + NOISE), text
        assert value not in finder.context(NOISE + text.encode() + NOISE)
    assert not finder.count(NOISE)


@pytest.mark.parametrize(
    ("canary", "written"),
    [
        (PIN, "718,205,936,644,191"),
        (PIN, "718 205 936 644 191"),
        (PIN, "7182 0593 6644 191"),
        (PIN, "7.18205936644191e+14"),
        (CARD, "4929-1375-8206-4417"),
        (CARD, "4929137582064417"),
        (MATRIX_NUMBERS, "(435) 629-7403"),
        (MATRIX_NUMBERS, "435.629.7403"),
        (PASSWORD, r"Vy\"4\u0026mQ\\zebra/ü+57\u003cquartz\u003e"),  # as Go writes JSON
        (NAME, "quirina canaryfeather"),
    ],
)
def test_phone_number_is_found_in_written_forms(canary: Canary, written: str) -> None:
    assert Finder(canary).count(written.encode())


def test_single_occurrence_is_counted_once() -> None:
    assert Finder(MATRIX_NUMBERS).count(b"+14356297400") == 1


@pytest.mark.parametrize("location", LOCATIONS, ids=lambda location: location.name)
def test_allowed_location_is_no_violation(location: Location) -> None:
    leaks = search({location: CLEAR[location]})
    assert {leak.canary for leak in leaks} == {
        canary for canary in CANARIES if canary.kind not in location.may_show
    }
    assert any(leak.canary.kind is SecretKind.SERVICE for leak in leaks)  # may be shown nowhere


def test_location_without_marker_is_a_coverage_gap() -> None:
    assert coverage_gaps(EMPTY, CLEAR) == []
    (wrong_place,) = coverage_gaps(EMPTY | {EVENTS: NOISE}, CLEAR)
    assert wrong_place.startswith("events has no 'port-in.attention-required'")
    without_pin = CLEAR[DATABASE].replace(PIN.value.encode(), b"")
    (missed,) = coverage_gaps(EMPTY, CLEAR | {DATABASE: without_pin})
    assert missed == "transfer PIN is not found in database, which has it unencrypted"
    without_url = CLEAR[DATABASE].replace(EVENT_URL.value.encode(), b"")
    assert coverage_gaps(EMPTY, CLEAR | {DATABASE: without_url}) == []
    (no_number,) = coverage_gaps(EMPTY, CLEAR | {EVENTS: b""})
    assert no_number == "no phone number is found in events that have them"
