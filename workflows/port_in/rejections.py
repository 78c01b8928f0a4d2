"""Why losing carriers reject: who must act, the remedy, the fields to correct, how often to try."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rejection:
    """One reason, from a closed list.

    Reasons and remedies follow the practice of carriers' porting desks; the vendor documents the
    codes 8A, 6B, 6P and 1P.

    Attributes:
        remedy: What resolves it, in words that a support agent can read out.
        max_rejections: After how many rejections an operator must decide.
        requires_confirmation: The subscriber must confirm something before the data are sent again.
        not_correctable: No correction can fix this order. A new order is needed, after the cause
            has been removed.
    """

    reason: str
    responsible_party: str
    remedy: str
    fields: tuple[str, ...] = ()
    max_rejections: int = 3
    requires_confirmation: bool = False
    not_correctable: bool = False


ACCOUNT_NUMBER = Rejection(
    "ACCOUNT_NUMBER",
    "subscriber",
    "The losing carrier does not know this account number. Take it from the carrier's app or bill. "
    "If the carrier is a reseller, ask it: the network may use another account number.",
    ("account_number",),
)
PIN_INVALID = Rejection(
    "PIN_INVALID",
    "subscriber",
    "The losing carrier does not accept this PIN. Ask it for a new number transfer PIN (not the "
    "PIN used to log in) and send it soon, because transfer PINs expire within days.",
    ("account_pin", "pin_obtained_at"),
)
PIN_EXPIRED = Rejection(
    "PIN_EXPIRED",
    "subscriber",
    "The transfer PIN has expired. Ask the losing carrier for a new one and send it within hours.",
    ("account_pin", "pin_obtained_at"),
)
PIN_REQUIRED = Rejection(
    "PIN_REQUIRED",
    "subscriber",
    "The port needs a PIN, and was sent without one. Ask the losing carrier for the PIN of the "
    "account; if it assigns none, ask Telegent's support which value this carrier expects.",
    ("account_pin",),
)
POSTAL_CODE = Rejection(
    "POSTAL_CODE",
    "subscriber",
    "The ZIP code differs from the billing ZIP on the losing carrier's account.",
    ("billing_address",),
)
ADDRESS = Rejection(
    "ADDRESS",
    "subscriber",
    "The address differs from the losing carrier's records: write it exactly as on the bill.",
    ("billing_address",),
)
NAME = Rejection(
    "NAME",
    "subscriber",
    "The name differs from the losing carrier's records: write it exactly as on the bill.",
    ("subscriber_name",),
)
MISMATCH = Rejection(
    "MISMATCH_UNSPECIFIED",
    "subscriber",
    "Something differs from the losing carrier's records, and it does not say what: check name, "
    "account number, PIN and billing address against the bill.",
    ("account_number", "account_pin", "billing_address", "subscriber_name"),
    max_rejections=2,
)
PORT_PROTECTED = Rejection(
    "PORT_PROTECTED",
    "subscriber",
    "The number is locked at the losing carrier. Its holder must remove the number lock there, and "
    "confirm it; the lock often voids the transfer PIN, so ask for a fresh one too.",
    ("lock_removed", "account_pin"),
    requires_confirmation=True,
)
NUMBER_NOT_ACTIVE = Rejection(
    "NUMBER_NOT_ACTIVE",
    "subscriber and losing carrier",
    "The number is not in service at the losing carrier. It must be reactivated there first; then "
    "a new order is needed.",
    not_correctable=True,
)
ACCOUNT_HOLD = Rejection(
    "ACCOUNT_HOLD",
    "subscriber",
    "The losing carrier does not release the number: the account is on hold or part of a group "
    "plan, or the number was just activated. The subscriber settles it there; then a new order is "
    "needed. Debt alone is no reason to refuse a port (FCC).",
    not_correctable=True,
)
NOT_PORTABLE = Rejection(
    "NOT_PORTABLE",
    "no one",
    "This number cannot be ported. Offer the subscriber a new number.",
    not_correctable=True,
)
PENDING_ORDER = Rejection(
    "PENDING_ORDER",
    "subscriber and losing carrier",
    "Another order for this number is open at the losing carrier. It must be finished or withdrawn "
    "there; after that an operator retries.",
)
CONFLICT = Rejection(
    "CONFLICT",
    "operator",
    "The carriers' records conflict. Wait six hours, then ask Telegent's support with the order "
    "id.",
)
DUE_DATE = Rejection(
    "DUE_DATE",
    "operator",
    "The losing carrier cannot meet the requested date: ask for a later business day.",
    ("port_in_date",),
)
CARRIER_SILENT = Rejection(
    "CARRIER_SILENT",
    "operator",
    "The losing carrier does not respond. Ask Telegent's support with the order id.",
)
ORDER_MISSING = Rejection(
    "ORDER_MISSING",
    "operator",
    "Telegent does not find the order at the carrier. Open a ticket at Telegent's support with the "
    "number, the order id and this message; do not submit again before support has answered.",
)
UNCLASSIFIED = Rejection(
    "UNCLASSIFIED",
    "operator",
    "We do not know this reason. Read Telegent's message, and ask Telegent's support with the "
    "order id before sending data that may be wrong.",
    max_rejections=1,
)

REJECTIONS = (
    ACCOUNT_NUMBER,
    PIN_INVALID,
    PIN_EXPIRED,
    PIN_REQUIRED,
    POSTAL_CODE,
    ADDRESS,
    NAME,
    MISMATCH,
    PORT_PROTECTED,
    NUMBER_NOT_ACTIVE,
    ACCOUNT_HOLD,
    NOT_PORTABLE,
    PENDING_ORDER,
    CONFLICT,
    DUE_DATE,
    CARRIER_SILENT,
    ORDER_MISSING,
    UNCLASSIFIED,
)

REJECTIONS_BY_CODE = {
    "8A": ACCOUNT_NUMBER,
    "6B": PIN_INVALID,
    "6P": PORT_PROTECTED,
    "1P": MISMATCH,
    "1M": DUE_DATE,
    "1N": DUE_DATE,
    "6E": DUE_DATE,
    "6F": DUE_DATE,
    "GENS-0041": ORDER_MISSING,
}
REJECTIONS_BY_KEYWORD = (
    (r"number lock|locked|protect|freeze|frozen", PORT_PROTECTED),
    (r"\bpin\b|passcode|password", PIN_INVALID),
    (r"\bzip\b|postal", POSTAL_CODE),
    (r"account.?(num|no\b)", ACCOUNT_NUMBER),
    (r"account.{0,12}hold|on hold|group plan|recently activated", ACCOUNT_HOLD),
    (r"not active|inactive|disconnected|not in service", NUMBER_NOT_ACTIVE),
    (r"not portable|not eligible|cannot be ported", NOT_PORTABLE),
    (r"pending (order|port)|order pending", PENDING_ORDER),
    (r"conflict", CONFLICT),
    (r"no response|not respond", CARRIER_SILENT),
    (r"address", ADDRESS),
    (r"\bname\b", NAME),
)


def classify(message: str) -> Rejection:
    """The rejection that a vendor's message stands for.

    Messages look like `8A-ACCOUNT_NUM_REQ_OR_INCORRECT`: a code of two characters and a text. The
    full list of codes is not public, and the meaning of an undocumented code is never guessed: the
    keywords in its text decide, and without those it is `UNCLASSIFIED`.
    """
    coded = re.match(r"\s*(GENS-\d{4}|[0-9][0-9A-Z])\b", message, re.IGNORECASE)
    if coded and (known := REJECTIONS_BY_CODE.get(coded.group(1).upper())):
        return known
    text = message.replace("_", " ")
    for keywords, rejection in REJECTIONS_BY_KEYWORD:
        if re.search(keywords, text, re.IGNORECASE):
            return rejection
    return UNCLASSIFIED
