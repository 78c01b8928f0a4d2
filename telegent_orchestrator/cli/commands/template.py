"""`tgo template`: files to fill in."""

import csv
import io
import json
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import JsonValue

from telegent_orchestrator._json_path import set_at
from telegent_orchestrator.bulk_rows import Format

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
    "lines.0.e911_address.street1": "100 Main Street",
    "lines.0.e911_address.city": "Lehi",
    "lines.0.e911_address.state": "UT",
    "lines.0.e911_address.zip": "84043",
    "lines.0.data_limits.limit_mb": "10000",
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
    "lines.0.number.phone_number": "+18015550165",
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


class TemplateKind(StrEnum):
    """What a template is for."""

    ONBOARDING = "onboarding"
    PORT_IN = "port-in"
    BULK = "bulk"


def template(
    kind: Annotated[TemplateKind, typer.Argument(metavar="KIND", help="What the file is for.")],
    file_format: Annotated[
        Format, typer.Option("--format", help="Format of a bulk file.")
    ] = Format.CSV,
) -> None:
    """Print an example file to edit, with every required field."""
    match kind:
        case TemplateKind.ONBOARDING:
            print(json.dumps(_onboarding(), indent=2))
        case TemplateKind.PORT_IN:
            print(json.dumps(_port_in(), indent=2))
        case TemplateKind.BULK if file_format is Format.CSV:
            print(template_csv(), end="")
        case TemplateKind.BULK:
            print(template_json_lines(), end="")


def template_csv() -> str:
    """A CSV file with two rows; the name of a column is the path of a field in the request."""
    columns = list(dict.fromkeys([*NEW, *PORT_IN, *SHARED]))
    text = io.StringIO()
    # A blank cell is left out of the request.
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(row | SHARED for row in ROWS)
    return text.getvalue()


def template_json_lines() -> str:
    """The same rows, one request per line."""
    return "".join(f"{json.dumps(_request(row | SHARED))}\n" for row in ROWS)


def _onboarding() -> dict[str, JsonValue]:
    """One onboarding with both lines."""
    request = _request(NEW | SHARED)
    port_in = _request(PORT_IN | SHARED)
    for name in ("subscribers", "lines"):
        [item] = _items(port_in, name)
        _items(request, name).append({**item, "key": f"{item['key']}-2"})
    _items(request, "lines")[1]["subscriber"] = "owner-2"
    return request


def _port_in() -> dict[str, JsonValue]:
    """The port-in of the second line alone."""
    [line] = _items(_request(PORT_IN | SHARED), "lines")
    number = line["number"]
    assert isinstance(number, dict)
    return {"details": {name: value for name, value in number.items() if name != "kind"}}


def _items(request: dict[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    items = request[name]
    assert isinstance(items, list)
    return items  # type: ignore[return-value]  # the items of these lists are objects


def _request(values: dict[str, str]) -> dict[str, JsonValue]:
    request: dict[str, JsonValue] = {}
    for path, value in values.items():
        set_at(request, path, _typed(value))
    return request


def _typed(value: str) -> JsonValue:
    """`true` and amounts of data are no text in JSON; other digits, such as PINs, are."""
    return {"true": True, SHARED["lines.0.data_limits.limit_mb"]: 10000}.get(value, value)
