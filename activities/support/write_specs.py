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

WRITE_SPEC_ATTR = "__telegent_write_spec__"


class WriteKind(StrEnum):
    """What a repeat of a write does, and so how often it may be made."""

    IDEMPOTENT = "idempotent"
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
class WriteSpec:
    """One write.

    `activity`: the name that Temporal knows. `natural_key`: the vendor's natural key, or the mark
    that we put into a name. `lookup`: where it is looked for; None where there is no look.
    `match_rule`: what is taken for ours; `absence_proof`: what proves that there is none. `unique`:
    the vendor refuses a second one, so that a refusal may mean that it exists.
    `max_lost_responses`: how many attempts may stay without an answer, absence shown after each,
    before a person is asked: a vendor that loses two answers in a row may well hide what it did.
    `escalates_when`: when else one is asked. `compensation`: the activity that takes it back.
    `compensate_until`: until when a cancel does that; `retained_because`: or why it is left, and
    named.
    """

    activity: str
    kind: WriteKind
    natural_key: str
    lookup: str | None = None
    match_rule: str = ""
    absence_proof: str = ""
    lag: Lag | None = None
    unique: bool = False
    max_lost_responses: int = 2
    escalates_when: str = "never"
    compensation: str | None = None
    compensate_until: str = ""
    retained_because: str = ""


NOT_LISTED_AFTER_LAG = "not listed, and again when the lag has passed"
UNTIL_FIRST_NUMBER = "until the first line has, or may get, a number"
UNTIL_LINE_COMPLETE = "until all of the line is done"
BELONGS_TO_SUBSCRIBER = "it belongs to the subscriber, which the API cannot delete"
SHARED_RESOURCE = "it is everybody's: another customer may use it by now"

CREATE_ACCOUNT = WriteSpec(
    "create_account",
    WriteKind.CREATE,
    natural_key="name `NAME (REFERENCE)`",
    lookup="list of accounts, by name",
    match_rule="the one account with this name",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two accounts match",
    retained_because="the API has no call that deletes an account",
)
CREATE_SUBSCRIBER = WriteSpec(
    "create_subscriber",
    WriteKind.CREATE,
    natural_key="e-mail, ignoring case",
    lookup="list of all subscribers; then the one found, for its account",
    match_rule="the subscriber with this address, in this account",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    unique=True,
    escalates_when="the address belongs to another account",
    retained_because="the API has no call that deletes a subscriber",
)
CREATE_MESSAGE_ROUTE = WriteSpec(
    "create_message_route",
    WriteKind.CREATE,
    natural_key="name `NAME (REFERENCE)`",
    lookup="list of the account's routes",
    match_rule="the one route with this name",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two match",
    compensation="delete_message_route",
    compensate_until=UNTIL_FIRST_NUMBER,
)
CREATE_VOICE_ROUTE = WriteSpec(
    "create_voice_route",
    WriteKind.CREATE,
    natural_key="name `NAME (REFERENCE)`",
    lookup="list of the account's routes",
    match_rule="the one route with this name",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two match",
    compensation="delete_voice_route",
    compensate_until=UNTIL_FIRST_NUMBER,
)
CREATE_PRODUCT = WriteSpec(
    "create_product",
    WriteKind.CREATE,
    natural_key="SKU",
    lookup="list of products, also before the first attempt",
    match_rule="the one product with this SKU, whoever made it",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two match",
    retained_because=SHARED_RESOURCE,
)
CREATE_PACKAGE = WriteSpec(
    "create_package",
    WriteKind.CREATE,
    natural_key="name",
    lookup="list of packages, also before the first attempt",
    match_rule="the one package with this name, whoever made it",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two match",
    retained_because=SHARED_RESOURCE,
)
CREATE_WEBHOOK = WriteSpec(
    "create_webhook",
    WriteKind.CREATE,
    natural_key="our URL",
    lookup="list of the account's webhooks, also before the first attempt",
    match_rule="any active webhook of ours for order updates",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    max_lost_responses=1,
    escalates_when="never: the step shows failed, and port-ins are looked at anyway",
    retained_because="it is the account's: other onboardings use it",
)
ENABLE_GUARDIAN = WriteSpec(
    "enable_guardian",
    WriteKind.IDEMPOTENT,
    natural_key="subscriber",
    retained_because=BELONGS_TO_SUBSCRIBER + ", and may have been on before",
)
LINK_GUARDIAN = WriteSpec(
    "link_guardian",
    WriteKind.CREATE,
    natural_key="parent and child",
    lookup="children of the parent, also before the first attempt when both people were there",
    match_rule="the relation of these two",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    unique=True,
    compensation="unlink_guardian",
    compensate_until=UNTIL_FIRST_NUMBER,
)
BUY_NUMBER = WriteSpec(
    "buy_number",
    WriteKind.PURCHASE,
    natural_key="ICCID of the SIM, if there is one; else the subscriber, sent with the purchase",
    lookup="the number on the SIM; else the inventory, compared with what the subscriber had "
    "before and with the numbers of the other lines",
    match_rule="the one number of this subscriber that is new and no other line's, if no other "
    "onboarding of the account may have bought it",
    absence_proof="no such number, and again when the lag has passed",
    lag=Lag.PURCHASE,
    escalates_when="several numbers match; another onboarding of the account was at work too; the "
    "SIM carries a number of somebody else; in a second run, any number that could be another "
    "line's",
    compensation="release_number",
    compensate_until=UNTIL_LINE_COMPLETE,
)
START_SUBSCRIPTION = WriteSpec(
    "start_subscription",
    WriteKind.PURCHASE,
    natural_key="number, package and subscriber",
    lookup="subscriptions of the package",
    match_rule="the one subscription of these three",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    escalates_when="two match",
    compensation="close_subscription",
    compensate_until=UNTIL_LINE_COMPLETE,
)
CREATE_CALL_FILTER = WriteSpec(
    "create_call_filter",
    WriteKind.CREATE,
    natural_key="number",
    lookup="filter of subscriber and number",
    match_rule="the number's filter",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    unique=True,
    escalates_when="two match",
    compensation="delete_call_filter",
    compensate_until=UNTIL_LINE_COMPLETE,
)
CREATE_MESSAGE_FILTER = WriteSpec(
    "create_message_filter",
    WriteKind.CREATE,
    natural_key="number",
    lookup="filter of subscriber and number",
    match_rule="the number's filter",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    unique=True,
    escalates_when="two match",
    compensation="delete_message_filter",
    compensate_until=UNTIL_LINE_COMPLETE,
)
SET_DATA_LIMITS = WriteSpec(
    "set_data_limits",
    WriteKind.IDEMPOTENT,
    natural_key="numbers",
    retained_because="they belong to the number, and go with it",
)
SET_RENEWAL = WriteSpec(
    "set_renewal",
    WriteKind.IDEMPOTENT,
    natural_key="numbers; with `reset_now` a repeat resets the used data once more",
    retained_because="it belongs to the number, and goes with it",
)
BIND_NUMBER = WriteSpec(
    "bind_number",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    retained_because="a ported number is the customer's: it stays",
)
SUBMIT_PORT = WriteSpec(
    "submit_port",
    WriteKind.PORT_REQUEST,
    natural_key="none: an order can be read only by its id, and the id was in the answer",
    max_lost_responses=1,
    escalates_when="at once: state `SUBMIT_UNKNOWN`, update `attach_order`",
    retained_because="a port-in goes on by its own rules: cancel it by its own message",
)
RESEND = "anything else, once the lag has passed: it is sent again, each time twice as late"
UPDATE_PORT = WriteSpec(
    "update_port",
    WriteKind.PORT_REQUEST,
    natural_key="order id",
    lookup="the order",
    match_rule="that a rejected order goes on, a rejection, or the order's end",
    absence_proof=RESEND,
    lag=Lag.READ,
    escalates_when="never; attention after a day",
    retained_because="as above",
)
CANCEL_PORT = WriteSpec(
    "cancel_port",
    WriteKind.PORT_REQUEST,
    natural_key="order id",
    lookup="the order",
    match_rule="the order's end",
    absence_proof=RESEND,
    lag=Lag.READ,
    escalates_when="never; attention after a day",
    retained_because="as above",
)
SET_PORT_OUT_PIN = WriteSpec(
    "set_port_out_pin",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="inventory: its PIN; else set again, which makes one more order",
    match_rule="the same PIN",
    absence_proof="another PIN, or none",
    escalates_when="never; attention after `pin_issue_timeout`",
    retained_because="see [Port-out](../reference/port-out.md)",
)
VOID_PORT_OUT_PIN = WriteSpec(
    "void_port_out_pin",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="the same",
    retained_because="it takes a PIN back itself",
)
CLOSE_SUBSCRIPTION = WriteSpec(
    "close_subscription",
    WriteKind.IDEMPOTENT,
    natural_key="subscription id; 404 is closed",
    retained_because="for good",
)
DELETE_MESSAGE_ROUTE = WriteSpec(
    "delete_message_route",
    WriteKind.IDEMPOTENT,
    natural_key="route id; 404 is deleted",
    retained_because="for good",
)
DELETE_VOICE_ROUTE = WriteSpec(
    "delete_voice_route",
    WriteKind.IDEMPOTENT,
    natural_key="route id; 404 is deleted",
    retained_because="for good",
)
UNLINK_GUARDIAN = WriteSpec(
    "unlink_guardian",
    WriteKind.IDEMPOTENT,
    natural_key="parent and child; 404 is not related",
    retained_because="for good",
)
DELETE_CALL_FILTER = WriteSpec(
    "delete_call_filter",
    WriteKind.IDEMPOTENT,
    natural_key="filter id; 404 is deleted",
    retained_because="for good",
)
DELETE_MESSAGE_FILTER = WriteSpec(
    "delete_message_filter",
    WriteKind.IDEMPOTENT,
    natural_key="filter id; 404 is deleted",
    retained_because="for good",
)
RELEASE_NUMBER = WriteSpec(
    "release_number",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt",
    match_rule="a number that is not active, or not ours any more",
    retained_because="Telegent can bring a number back within 30 days (`numbers/reactivate`)",
)

WRITE_SPECS = {row.activity: row for row in list(globals().values()) if isinstance(row, WriteSpec)}
"""Every row, by the name of its activity."""


def write_spec_of(activity: Callable[..., Any]) -> WriteSpec:
    """The row of an activity method. Raises RuntimeError for one that writes nothing."""
    spec = getattr(activity, WRITE_SPEC_ATTR, None)
    if not isinstance(spec, WriteSpec):
        raise RuntimeError(
            f"{activity.__qualname__} has no row in activities/support/write_specs.py"
        )
    return spec
