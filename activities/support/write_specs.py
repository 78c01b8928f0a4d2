"""Every write to the vendor, one `WriteSpec` (a row) each: how it is repeated and rolled back.

The rows drive the activities (`@write_activity(ROW)`), the workflows' activity options
(`workflows/support/activity_calls.py`), the lookup after a lost response
(`workflows/support/exactly_once.py`), what a cancel rolls back
(`workflows/support/compensation.py`), and the tables in docs/explanation/failure-handling.md.
"""

from collections.abc import Callable
from typing import Any

from activities.support import line_write_specs
from activities.support.write_spec import (
    WRITE_SPEC_ATTR as WRITE_SPEC_ATTR,
    Lag as Lag,
    WriteKind as WriteKind,
    WriteSpec as WriteSpec,
)

NOT_LISTED_AFTER_LAG = "not listed, and still not listed after the lag"
UNTIL_FIRST_NUMBER = "until the first line has, or may get, a number"
UNTIL_LINE_COMPLETE = "until the whole line is done"
BELONGS_TO_SUBSCRIBER = "it belongs to the subscriber, which the API cannot delete"
SHARED_RESOURCE = "it is shared: another customer may use it"

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
    lookup="list of products (active and inactive), also before the first attempt",
    match_rule="the one product with this SKU, also one that another caller created",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    lookup_first=True,
    escalates_when="several match, or one that is inactive or has other values",
    retained_because=SHARED_RESOURCE,
)
CREATE_PACKAGE = WriteSpec(
    "create_package",
    WriteKind.CREATE,
    natural_key="name",
    lookup="list of packages (active and inactive), also before the first attempt",
    match_rule="the one package with this name, also one that another caller created",
    absence_proof=NOT_LISTED_AFTER_LAG,
    lag=Lag.READ,
    lookup_first=True,
    escalates_when="several match, or one that is inactive or has other values",
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
    lookup_first=True,
    max_lost_responses=1,
    escalates=False,
    escalates_when="never: the step shows failed, and port-ins are polled anyway",
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
    lookup="children of the parent, also before the first attempt when both subscribers "
    "existed before",
    match_rule="the relation of these two subscribers",
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
    lookup="the number on the SIM, also before the first attempt; else the inventory, compared "
    "with what the subscriber had before and with the numbers of the other lines",
    match_rule="the one number of this subscriber that is new and no other line's, if no other "
    "onboarding of the account may have bought it",
    absence_proof="no such number, and still none after the lag",
    lag=Lag.PURCHASE,
    escalates_when="several numbers match; another onboarding of the account ran at the same time; "
    "the SIM carries a number that was not bought for this line; in a second run, any number that "
    "could be another line's; the order is complete without one number of this subscriber",
    compensation="release_number",
    compensate_until=UNTIL_LINE_COMPLETE,
)
START_SUBSCRIPTION = WriteSpec(
    "start_subscription",
    WriteKind.PURCHASE,
    natural_key="number, package and subscriber",
    lookup="subscriptions of the package, ids compared without prefix and case, or by ICCID",
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
SET_E911_ADDRESS = WriteSpec(
    "set_e911_address",
    WriteKind.IDEMPOTENT,
    natural_key="number",
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
    natural_key="none: an order can be read only by its id, and the id was in the response",
    max_lost_responses=1,
    escalates_when="at once: state `SUBMIT_UNKNOWN`, update `decide`",
    retained_because="a port-in continues by its own rules: cancel it by its own message",
)
RESEND = "anything else after the lag: it is sent again, each time after twice as long"
UPDATE_PORT = WriteSpec(
    "update_port",
    WriteKind.PORT_REQUEST,
    natural_key="order id",
    lookup="the order",
    match_rule="a rejected order that moves on, a rejection, or the order's end",
    absence_proof=RESEND,
    lag=Lag.READ,
    escalates_when="never; attention after a day",
    retained_because="a port-in continues by its own rules",
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
    retained_because="a port-in continues by its own rules",
)
SET_PORT_OUT_PIN = WriteSpec(
    "set_port_out_pin",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="inventory: its PIN; else set again, which creates one more order",
    match_rule="the same PIN",
    absence_proof="another PIN, or none",
    escalates_when="never; attention after `pin_issue_timeout`",
    retained_because="see [Port-out](../reference/port-out.md)",
)
VOID_PORT_OUT_PIN = WriteSpec(
    "void_port_out_pin",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="inventory: its PIN",
    retained_because="it revokes a PIN itself",
)
CLOSE_SUBSCRIPTION = WriteSpec(
    "close_subscription",
    WriteKind.IDEMPOTENT,
    natural_key="subscription id; 404 is closed",
    retained_because="permanent",
)
DELETE_MESSAGE_ROUTE = WriteSpec(
    "delete_message_route",
    WriteKind.IDEMPOTENT,
    natural_key="route id; 404 is deleted",
    retained_because="permanent",
)
DELETE_VOICE_ROUTE = WriteSpec(
    "delete_voice_route",
    WriteKind.IDEMPOTENT,
    natural_key="route id; 404 is deleted",
    retained_because="permanent",
)
UNLINK_GUARDIAN = WriteSpec(
    "unlink_guardian",
    WriteKind.IDEMPOTENT,
    natural_key="parent and child; 404 is not related",
    retained_because="permanent",
)
DELETE_CALL_FILTER = WriteSpec(
    "delete_call_filter",
    WriteKind.IDEMPOTENT,
    natural_key="filter id; 404 is deleted",
    retained_because="permanent",
)
DELETE_MESSAGE_FILTER = WriteSpec(
    "delete_message_filter",
    WriteKind.IDEMPOTENT,
    natural_key="filter id; 404 is deleted",
    retained_because="permanent",
)
RELEASE_NUMBER = WriteSpec(
    "release_number",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt",
    match_rule="a number that is not active, or not ours any more",
    retained_because="Telegent can bring a number back within 30 days (`numbers/reactivate`)",
)

WRITE_SPECS = {
    row.activity: row
    for row in [*globals().values(), *vars(line_write_specs).values()]
    if isinstance(row, WriteSpec)
}
"""Every row, by the name of its activity."""


def write_spec_of(activity: Callable[..., Any]) -> WriteSpec:
    """The row of an activity method.

    Raises:
        RuntimeError: The activity does not write.
    """
    spec = getattr(activity, WRITE_SPEC_ATTR, None)
    if not isinstance(spec, WriteSpec):
        raise RuntimeError(
            f"{activity.__qualname__} has no row in activities/support/write_specs.py"
        )
    return spec
