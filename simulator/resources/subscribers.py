"""Subscribers and their roles."""

from typing import Literal

from pydantic import Field

from simulator.engine.errors import invalid
from simulator.engine.fields import E164, Answer, Body, EmailText, Json, Query, Text
from simulator.engine.state import Subscriber, World, changed

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


def create_subscriber(world: World, body: CreateSubscriber) -> Answer:
    """Refuses an e-mail that anybody on the platform has, whatever its letter case."""
    account_id = world.account_for(body.AccountId)
    if any(s.email.lower() == body.Email.lower() for s in world.subscribers.values()):
        raise invalid("Email", "Email already exists")
    _check_numbers(world, account_id, body.PhoneNumbers)
    subscriber = Subscriber(world.new_id("TSUID"), body.Name, body.Email, body.Role, account_id)
    world.subscribers[subscriber.id] = subscriber
    _set_numbers(world, subscriber, body.PhoneNumbers)
    world.commit(
        "subscriber.created",
        {
            "subscriber_id": subscriber.id,
            "email": body.Email,
            "role": body.Role,
            "account_id": account_id,
        },
    )
    return _shown(world, subscriber)


def get_subscriber(world: World, query: SubscriberQuery) -> Answer:
    """One subscriber by id."""
    return _shown(world, world.find(world.subscribers, query.SubscriberId, "SubscriberId"))


def update_subscriber(world: World, body: UpdateSubscriber) -> Answer:
    """Changes what was sent. PhoneNumbers replaces the list; the documents leave that open."""
    subscriber = world.find(world.subscribers, body.SubscriberId, "SubscriberId")
    if body.PhoneNumbers is not None:
        _check_numbers(world, subscriber.account_id, body.PhoneNumbers)
        _set_numbers(world, subscriber, body.PhoneNumbers)
    subscriber.name = body.Name or subscriber.name
    subscriber.role = body.Role or subscriber.role
    world.commit(
        "subscriber.updated",
        {"subscriber_id": subscriber.id, "fields": changed(body.sent(), "SubscriberId")},
    )
    return _shown(world, subscriber)


def transfer_subscriber(world: World, body: TransferSubscriber) -> Answer:
    """Moves a subscriber, and the numbers assigned to it, to another account."""
    subscriber = world.find(world.subscribers, body.SubscriberId, "SubscriberId")
    target = world.account_for(body.ToAccountId)
    if subscriber.account_id != body.FromAccountId:
        raise invalid("FromAccountId", "Invalid AccountId")
    subscriber.account_id = target
    for number in world.numbers_of(subscriber.id):
        world.numbers[number].account_id = target
    world.commit(
        "subscriber.transferred",
        {"subscriber_id": subscriber.id, "from": body.FromAccountId, "to": target},
    )
    return _shown(world, subscriber)


def list_subscribers(world: World, query: SubscribersPage) -> Answer:
    """All subscribers of the distributor, a page at a time; the account is not shown."""
    everyone = list(world.subscribers.values())
    start = (query.PageNumber - 1) * query.TotalPerPage
    return {
        "PageNumber": query.PageNumber,
        "TotalSubscribers": len(everyone),
        "Subscribers": [
            {**_shown(world, s), "Account": None, "Subscriptions": []}
            for s in everyone[start : start + query.TotalPerPage]
        ],
    }


def _check_numbers(world: World, account_id: str, numbers: list[str]) -> None:
    for number in numbers:
        held = world.numbers.get(number)
        if held is None or held.account_id not in (None, account_id):
            raise invalid("PhoneNumbers", "Phone number does not belong to account")


def _set_numbers(world: World, subscriber: Subscriber, numbers: list[str]) -> None:
    for number in world.numbers_of(subscriber.id):
        world.numbers[number].subscriber_id = None
    for number in numbers:
        world.assign(world.numbers[number], subscriber.id)


def _shown(world: World, subscriber: Subscriber) -> Json:
    return {
        "SubscriberId": subscriber.id,
        "Name": subscriber.name,
        "Email": subscriber.email,
        "PhoneNumbers": world.numbers_of(subscriber.id),
        "Role": subscriber.role,
        "Account": {
            "AccountId": subscriber.account_id,
            "CompanyName": world.accounts[subscriber.account_id]["AccountName"],
        },
    }
