"""Every write to the vendor, one row each: how it is repeated, found again, and taken back.

The rows drive the activities (`@write_specs.ROW.…`), the workflows' activity options
(`workflows/support/activity_calls.py`), the lookup after a lost response
(`workflows/support/exactly_once.py`), what a cancel rolls back
(`workflows/support/compensation.py`), and the tables in docs/explanation/failure-handling.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ROW = "__telegent_write__"


class Kind(StrEnum):
    """What a repeat of a write does, and so how often it may be made."""

    SET = "set"
    """Absolute: a repeat ends in the same state."""

    CREATE = "create"
    """A repeat makes a second one, but what there is can be found."""

    PURCHASE = "purchase"
    """The same, and a second one costs money."""

    PORT_REQUEST = "port request"
    """About one order; the order shows what became of it."""


class Lag(StrEnum):
    """How long the vendor may go on not showing what exists; the settings say how long that is."""

    READ = "read lag"
    PURCHASE = "purchase lag"


@dataclass(frozen=True)
class Write:
    """One write.

    `activity`: the name that Temporal knows. `key`: the vendor's natural key, or the mark that we
    put into a name. `look`: where it is looked for; None where there is no look. `adopts`: what is
    taken for ours; `absent`: what proves that there is none. `unique`: the vendor refuses a second
    one, so that a refusal may mean that it exists. `tries`: how many attempts may stay without an
    answer, absence shown after each, before a person is asked: a vendor that loses two answers in a
    row may well hide what it did. `person`: when else one is asked. `undo`: the activity that takes
    it back. `until`: until when a cancel does that; `left`: or why it is left, and named.
    """

    activity: str
    kind: Kind
    key: str
    look: str | None = None
    adopts: str = ""
    absent: str = ""
    lag: Lag | None = None
    unique: bool = False
    tries: int = 2
    person: str = "never"
    undo: str | None = None
    until: str = ""
    left: str = ""


NOT_THERE = "not listed, and again when the lag has passed"
UNTIL_A_LINE = "until the first line has, or may get, a number"
UNTIL_LIVE = "until all of the line is done"
WITH_SUBSCRIBER = "it belongs to the subscriber, which the API cannot delete"
EVERYBODYS = "it is everybody's: another customer may use it by now"

CREATE_ACCOUNT = Write(
    "create_account",
    Kind.CREATE,
    key="name `NAME (REFERENCE)`",
    look="list of accounts, by name",
    adopts="the one account with this name",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two accounts match",
    left="the API has no call that deletes an account",
)
CREATE_SUBSCRIBER = Write(
    "create_subscriber",
    Kind.CREATE,
    key="e-mail, ignoring case",
    look="list of all subscribers; then the one found, for its account",
    adopts="the subscriber with this address, in this account",
    absent=NOT_THERE,
    lag=Lag.READ,
    unique=True,
    person="the address belongs to another account",
    left="the API has no call that deletes a subscriber",
)
CREATE_MESSAGE_ROUTE = Write(
    "create_message_route",
    Kind.CREATE,
    key="name `NAME (REFERENCE)`",
    look="list of the account's routes",
    adopts="the one route with this name",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two match",
    undo="delete_message_route",
    until=UNTIL_A_LINE,
)
CREATE_VOICE_ROUTE = Write(
    "create_voice_route",
    Kind.CREATE,
    key="name `NAME (REFERENCE)`",
    look="list of the account's routes",
    adopts="the one route with this name",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two match",
    undo="delete_voice_route",
    until=UNTIL_A_LINE,
)
CREATE_PRODUCT = Write(
    "create_product",
    Kind.CREATE,
    key="SKU",
    look="list of products, also before the first attempt",
    adopts="the one product with this SKU, whoever made it",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two match",
    left=EVERYBODYS,
)
CREATE_PACKAGE = Write(
    "create_package",
    Kind.CREATE,
    key="name",
    look="list of packages, also before the first attempt",
    adopts="the one package with this name, whoever made it",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two match",
    left=EVERYBODYS,
)
CREATE_WEBHOOK = Write(
    "create_webhook",
    Kind.CREATE,
    key="our URL",
    look="list of the account's webhooks, also before the first attempt",
    adopts="any active webhook of ours for order updates",
    absent=NOT_THERE,
    lag=Lag.READ,
    tries=1,
    person="never: the step shows failed, and port-ins are looked at anyway",
    left="it is the account's: other onboardings use it",
)
ENABLE_GUARDIAN = Write(
    "enable_guardian",
    Kind.SET,
    key="subscriber",
    left=WITH_SUBSCRIBER + ", and may have been on before",
)
RELATE = Write(
    "relate",
    Kind.CREATE,
    key="parent and child",
    look="children of the parent, also before the first attempt when both people were there",
    adopts="the relation of these two",
    absent=NOT_THERE,
    lag=Lag.READ,
    unique=True,
    undo="unrelate",
    until=UNTIL_A_LINE,
)
BUY_NUMBER = Write(
    "buy_number",
    Kind.PURCHASE,
    key="ICCID of the SIM, if there is one; else the subscriber, sent with the purchase",
    look="the number on the SIM; else the inventory, compared with what the subscriber had before "
    "and with the numbers of the other lines",
    adopts="the one number of this subscriber that is new and no other line's, if no other "
    "onboarding of the account may have bought it",
    absent="no such number, and again when the lag has passed",
    lag=Lag.PURCHASE,
    person="several numbers match; another onboarding of the account was at work too; the SIM "
    "carries a number of somebody else; in a second run, any number that could be another line's",
    undo="release_number",
    until=UNTIL_LIVE,
)
START_SUBSCRIPTION = Write(
    "start_subscription",
    Kind.PURCHASE,
    key="number, package and subscriber",
    look="subscriptions of the package",
    adopts="the one subscription of these three",
    absent=NOT_THERE,
    lag=Lag.READ,
    person="two match",
    undo="close_subscription",
    until=UNTIL_LIVE,
)
CREATE_CALL_FILTER = Write(
    "create_call_filter",
    Kind.CREATE,
    key="number",
    look="filter of subscriber and number",
    adopts="the number's filter",
    absent=NOT_THERE,
    lag=Lag.READ,
    unique=True,
    person="two match",
    undo="delete_call_filter",
    until=UNTIL_LIVE,
)
CREATE_MESSAGE_FILTER = Write(
    "create_message_filter",
    Kind.CREATE,
    key="number",
    look="filter of subscriber and number",
    adopts="the number's filter",
    absent=NOT_THERE,
    lag=Lag.READ,
    unique=True,
    person="two match",
    undo="delete_message_filter",
    until=UNTIL_LIVE,
)
SET_DATA_LIMITS = Write(
    "set_data_limits", Kind.SET, key="numbers", left="they belong to the number, and go with it"
)
SET_RENEWAL = Write(
    "set_renewal",
    Kind.SET,
    key="numbers; with `reset_now` a repeat resets the used data once more",
    left="it belongs to the number, and goes with it",
)
BIND_NUMBER = Write(
    "bind_number", Kind.SET, key="number", left="a ported number is the customer's: it stays"
)
SUBMIT_PORT = Write(
    "submit_port",
    Kind.PORT_REQUEST,
    key="none: an order can be read only by its id, and the id was in the answer",
    tries=1,
    person="at once: state `SUBMIT_UNKNOWN`, update `attach_order`",
    left="a port-in goes on by its own rules: cancel it by its own message",
)
AGAIN = "anything else, once the lag has passed: it is sent again, each time twice as late"
UPDATE_PORT = Write(
    "update_port",
    Kind.PORT_REQUEST,
    key="order id",
    look="the order",
    adopts="that a rejected order goes on, a rejection, or the order's end",
    absent=AGAIN,
    lag=Lag.READ,
    person="never; attention after a day",
    left="as above",
)
CANCEL_PORT = Write(
    "cancel_port",
    Kind.PORT_REQUEST,
    key="order id",
    look="the order",
    adopts="the order's end",
    absent=AGAIN,
    lag=Lag.READ,
    person="never; attention after a day",
    left="as above",
)
SET_PORT_OUT_PIN = Write(
    "set_port_out_pin",
    Kind.SET,
    key="number",
    look="inventory: its PIN; else set again, which makes one more order",
    adopts="the same PIN",
    absent="another PIN, or none",
    person="never; attention after `issue_within`",
    left="see [port-out.md](port-out.md)",
)
VOID_PORT_OUT_PIN = Write(
    "void_port_out_pin", Kind.SET, key="number", look="the same", left="it takes a PIN back itself"
)
CLOSE_SUBSCRIPTION = Write(
    "close_subscription", Kind.SET, key="subscription id; 404 is closed", left="for good"
)
DELETE_MESSAGE_ROUTE = Write(
    "delete_message_route", Kind.SET, key="route id; 404 is deleted", left="for good"
)
DELETE_VOICE_ROUTE = Write(
    "delete_voice_route", Kind.SET, key="route id; 404 is deleted", left="for good"
)
UNRELATE = Write("unrelate", Kind.SET, key="parent and child; 404 is not related", left="for good")
DELETE_CALL_FILTER = Write(
    "delete_call_filter", Kind.SET, key="filter id; 404 is deleted", left="for good"
)
DELETE_MESSAGE_FILTER = Write(
    "delete_message_filter", Kind.SET, key="filter id; 404 is deleted", left="for good"
)
RELEASE_NUMBER = Write(
    "release_number",
    Kind.SET,
    key="number",
    look="its details, before each attempt",
    adopts="a number that is not active, or not ours any more",
    left="Telegent can bring a number back within 30 days (`numbers/reactivate`)",
)

WRITES = {row.activity: row for row in list(globals().values()) if isinstance(row, Write)}
"""Every row, by the name of its activity."""


def write_of(activity: Callable[..., Any]) -> Write:
    """The row of an activity method. Raises RuntimeError for one that writes nothing."""
    row = getattr(activity, ROW, None)
    if not isinstance(row, Write):
        raise RuntimeError(
            f"{activity.__qualname__} has no row in activities/support/write_specs.py"
        )
    return row
