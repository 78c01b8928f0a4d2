"""Subscribers."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import E164, Body, EmailText, Json, Query, ResponseBody, Text
from simulator.engine.state import SimulatorState, Subscriber, changed_fields

RoleName = Literal["Subscriber", "Manager", "Account Admin"]


class CreateSubscriber(Body):
    """POST subscribers/create; PhoneNumbers may be empty."""

    Name: Text
    Email: EmailText
    PhoneNumbers: list[E164]
    Role: RoleName
    Password: Text
    AccountId: Text


class SubscriberQuery(Query):
    """GET subscribers/get."""

    SubscriberId: Text


class UpdateSubscriber(Body):
    """POST subscribers/update; e-mail and account cannot be changed here."""

    SubscriberId: Text
    Name: Text | None = None
    PhoneNumbers: list[E164] | None = None
    Role: RoleName | None = None
    Password: Text | None = None


class TransferSubscriber(Body):
    """POST subscribers/transfer."""

    SubscriberId: Text
    FromAccountId: Text
    ToAccountId: Text


class SubscribersPage(Query):
    """GET distributor/subscribers; pages start at 1."""

    PageNumber: int = Field(default=1, ge=1)
    TotalPerPage: int = Field(default=10, ge=1)


def create_subscriber(state: SimulatorState, body: CreateSubscriber) -> ResponseBody:
    """Create a subscriber. E-mail addresses are unique on the platform, ignoring case."""
    account_id = state.resolve_account(body.AccountId)
    if any(s.email.lower() == body.Email.lower() for s in state.subscribers.values()):
        raise invalid("Email", "Email already exists")
    _check_numbers(state, account_id, body.PhoneNumbers)
    subscriber = Subscriber(state.new_id("TSUID"), body.Name, body.Email, body.Role, account_id)
    state.subscribers[subscriber.id] = subscriber
    _assign_numbers(state, subscriber, body.PhoneNumbers)
    state.commit(
        "subscriber.created",
        {
            "subscriber_id": subscriber.id,
            "email": body.Email,
            "role": body.Role,
            "account_id": account_id,
        },
    )
    return _to_response(state, subscriber)


def get_subscriber(state: SimulatorState, query: SubscriberQuery) -> ResponseBody:
    """Return a subscriber."""
    return _to_response(state, state.find(state.subscribers, query.SubscriberId, "SubscriberId"))


def update_subscriber(state: SimulatorState, body: UpdateSubscriber) -> ResponseBody:
    """Update a subscriber. PhoneNumbers replaces the list, which no document specifies."""
    subscriber = state.find(state.subscribers, body.SubscriberId, "SubscriberId")
    if body.PhoneNumbers is not None:
        _check_numbers(state, subscriber.account_id, body.PhoneNumbers)
        _assign_numbers(state, subscriber, body.PhoneNumbers)
    subscriber.name = body.Name or subscriber.name
    subscriber.role = body.Role or subscriber.role
    state.commit(
        "subscriber.updated",
        {
            "subscriber_id": subscriber.id,
            "fields": changed_fields(body.sent_fields(), "SubscriberId"),
        },
    )
    return _to_response(state, subscriber)


def transfer_subscriber(state: SimulatorState, body: TransferSubscriber) -> ResponseBody:
    """Transfer a subscriber with its numbers to another account."""
    subscriber = state.find(state.subscribers, body.SubscriberId, "SubscriberId")
    target = state.resolve_account(body.ToAccountId)
    if subscriber.account_id != body.FromAccountId:
        raise invalid("FromAccountId", "Invalid AccountId")
    subscriber.account_id = target
    for number in state.numbers_of(subscriber.id):
        state.numbers[number].account_id = target
    state.commit(
        "subscriber.transferred",
        {"subscriber_id": subscriber.id, "from": body.FromAccountId, "to": target},
    )
    return _to_response(state, subscriber)


def list_subscribers(state: SimulatorState, query: SubscribersPage) -> ResponseBody:
    """Return one page of the subscribers of all accounts, without their accounts."""
    subscribers = list(state.subscribers.values())
    if state.options.repeat_rows:
        subscribers += subscribers[:1]
    start = (query.PageNumber - 1) * query.TotalPerPage
    return {
        "PageNumber": query.PageNumber,
        "TotalSubscribers": len(subscribers),
        "Subscribers": [
            {**_to_response(state, s), "Account": None, "Subscriptions": []}
            for s in subscribers[start : start + query.TotalPerPage]
        ],
    }


def _check_numbers(state: SimulatorState, account_id: str, numbers: list[str]) -> None:
    for number in numbers:
        held = state.numbers.get(number)
        if held is None or held.account_id not in (None, account_id):
            raise invalid("PhoneNumbers", "Phone number does not belong to account")


def _assign_numbers(state: SimulatorState, subscriber: Subscriber, numbers: list[str]) -> None:
    for number in state.numbers_of(subscriber.id):
        state.numbers[number].subscriber_id = None
    for number in numbers:
        state.assign(state.numbers[number], subscriber.id)


def _to_response(state: SimulatorState, subscriber: Subscriber) -> Json:
    return {
        "SubscriberId": subscriber.id,
        "Name": subscriber.name,
        "Email": subscriber.email,
        "PhoneNumbers": state.numbers_of(subscriber.id),
        "Role": subscriber.role,
        "Account": {
            "AccountId": subscriber.account_id,
            "CompanyName": state.accounts[subscriber.account_id]["AccountName"],
        },
    }
