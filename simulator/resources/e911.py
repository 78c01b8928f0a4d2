"""E911 addresses of numbers."""

from simulator.engine.errors import invalid
from simulator.engine.fields import E164, Body, Query, ResponseBody, Text
from simulator.engine.state import Number, SimulatorState

NO_LOCATION = "00000"
"""ZIP code of every address that does not exist."""


class E911Query(Query):
    """GET numbers/e911address."""

    PhoneNumber: E164
    AccountId: str | None = None


class UpdateE911(Body):
    """POST numbers/e911address/update."""

    PhoneNumber: E164
    Street1: Text
    City: Text
    State: Text
    Zip: Text
    Street2: str | None = None
    AccountId: str | None = None


def get_address(state: SimulatorState, query: E911Query) -> ResponseBody:
    """Return the address of a number; its parts are null until it is set."""
    number = _number(state, query.PhoneNumber, query.AccountId)
    parts = ("Street1", "Street2", "City", "State", "Zip")
    return {
        "PhoneNumber": number.number,
        "AccountId": number.account_id,
        "E911Address": {part: number.e911.get(part) for part in parts},
    }


def update_address(state: SimulatorState, body: UpdateE911) -> ResponseBody:
    """Replace the address of a number, unless it is no MSAG location: here one with ZIP 00000."""
    number = _number(state, body.PhoneNumber, body.AccountId)
    if body.Zip == NO_LOCATION:
        message = "Address does not match a MSAG location"
        return {"PhoneNumber": number.number, "Status": "Failed", "StatusMessage": message}
    number.e911 = body.model_dump(exclude={"PhoneNumber", "AccountId"})
    state.commit(
        "e911_address.set",
        {"number": number.number, "number_id": number.id, "zip": body.Zip},
    )
    return {"PhoneNumber": number.number, "Status": "Success", "StatusMessage": ""}


def _number(state: SimulatorState, phone_number: str, account_id: str | None) -> Number:
    number = state.active_number(phone_number)
    if state.resolve_account(account_id) != number.account_id:
        raise invalid("PhoneNumber", "Phone number does not belong to account")
    return number
