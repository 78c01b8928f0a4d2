"""The search of `make secrets` finds what is there, in any form: else its zeros say nothing."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from resilience.leak_scan.canaries import (
    CANARIES,
    CARD,
    EVENT_URL,
    NAME,
    OTHERS,
    PASSWORD,
    PIN,
    Canary,
    Kind,
)
from resilience.leak_scan.encodings import Finder
from resilience.leak_scan.locations import DATABASE, EVENTS, PLACES, Place, blind_spots, search

NOISE = bytes(range(256)) * 4
EMPTY = {place: NOISE + place.sign for place in PLACES}
CLEAR = {place: "\n".join(c.value for c in CANARIES).encode() for place in PLACES}


def test_nothing_is_found_in_noise() -> None:
    assert search(EMPTY) == []


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_every_form_is_found(canary: Canary) -> None:
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
        assert value not in finder.around(NOISE + text.encode() + NOISE)
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
        (OTHERS, "(435) 629-7403"),
        (OTHERS, "435.629.7403"),
        (PASSWORD, r"Vy\"4\u0026mQ\\zebra/ü+57\u003cquartz\u003e"),  # as Go writes JSON
        (NAME, "quirina canaryfeather"),
    ],
)
def test_numbers_are_found_as_people_write_them(canary: Canary, written: str) -> None:
    assert Finder(canary).count(written.encode())


def test_a_value_that_is_there_once_is_counted_once() -> None:
    assert Finder(OTHERS).count(b"+14356297400") == 1


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_is_found_where_it_may_be_is_no_breach(place: Place) -> None:
    finds = search({place: CLEAR[place]})
    assert {find.canary for find in finds} == {
        canary for canary in CANARIES if canary.kind not in place.may_show
    }
    assert any(find.canary.kind is Kind.OURS for find in finds)  # nobody may read those


def test_a_search_that_cannot_find_is_blind() -> None:
    assert blind_spots(EMPTY, CLEAR) == []
    (wrong_place,) = blind_spots(EMPTY | {EVENTS: NOISE}, CLEAR)
    assert wrong_place.startswith("events has no 'port-in.attention-required'")
    without_pin = CLEAR[DATABASE].replace(PIN.value.encode(), b"")
    (missed,) = blind_spots(EMPTY, CLEAR | {DATABASE: without_pin})
    assert missed == "transfer PIN is not found in database, where it lies in the clear"
    without_url = CLEAR[DATABASE].replace(EVENT_URL.value.encode(), b"")
    assert blind_spots(EMPTY, CLEAR | {DATABASE: without_url}) == []
    (no_number,) = blind_spots(EMPTY, CLEAR | {EVENTS: b""})
    assert no_number == "no phone number is found in events that hold them"
