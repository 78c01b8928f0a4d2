"""Files to fill in: one row with a new number, one with a number from another carrier."""

import csv
import io
import json

from pydantic import JsonValue

from telegent_orchestrator._json_path import set_at

SHARED = {
    "account.account_id": "AID-11111111",
    "routes.message.message_route_id": "MRID-11111111",
    "routes.voice.voice_route_id": "CRID-11111111",
    "packages.0.key": "basic",
    "packages.0.package_id": "PID-11111111",
    "subscribers.0.key": "owner",
    "lines.0.key": "phone",
    "lines.0.subscriber": "owner",
    "lines.0.package": "basic",
}
NEW = {
    "reference": "customer-1001",
    "subscribers.0.name": "Example Person",
    "subscribers.0.email": "person@example.com",
    "subscribers.0.password": "change-me-1",
    "lines.0.number.kind": "new",
    "lines.0.number.zip_code": "84043",
}
PORT_IN = {
    "reference": "customer-1002",
    "subscribers.0.name": "Example Other",
    "subscribers.0.email": "other@example.com",
    "subscribers.0.password": "change-me-2",
    "lines.0.number.kind": "port_in",
    "lines.0.number.phone_number": "+18015550142",
    "lines.0.number.losing_carrier": "Verizon",
    "lines.0.number.account_number": "100200300",
    "lines.0.number.account_pin": "482913",
    "lines.0.number.subscriber_name": "Example Other",
    "lines.0.number.billing_address.street1": "100 Main Street",
    "lines.0.number.billing_address.city": "Lehi",
    "lines.0.number.billing_address.state": "UT",
    "lines.0.number.billing_address.zip": "84043",
    "lines.0.number.authorization.reference": "loa-4711",
    "lines.0.number.authorization.attested_by": "web shop",
    "lines.0.number.authorization.attested_at": "2026-11-23T15:00:00Z",
    "lines.0.number.old_service_stays_active": "true",
}
ROWS = [NEW, PORT_IN]


def template_csv() -> str:
    """A CSV file with two rows; a column is a place in the request."""
    columns = list(dict.fromkeys([*NEW, *PORT_IN, *SHARED]))
    text = io.StringIO()
    # A blank cell is left out of the request.
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(row | SHARED for row in ROWS)
    return text.getvalue()


def template_json_lines() -> str:
    """The same rows, one request a line."""
    return "".join(f"{json.dumps(_request(row | SHARED))}\n" for row in ROWS)


def _request(values: dict[str, str]) -> dict[str, JsonValue]:
    request: dict[str, JsonValue] = {}
    for place, value in values.items():
        set_at(request, place, True if value == "true" else value)
    return request
