"""Why losing carriers reject, who must do what about it, and which fields to correct."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rejection:
    """A reason, the remedy in words that a support agent can read out, the fields to correct."""

    reason: str
    remedy: str
    fields: tuple[str, ...] = ()


ACCOUNT_NUMBER = Rejection(
    "ACCOUNT_NUMBER",
    "The losing carrier does not know this account number. Take it from the carrier's app or bill; "
    "at a reseller ask the reseller, because the number on its bill may not be the network's.",
    ("account_number",),
)
PIN = Rejection(
    "PIN_INVALID",
    "The losing carrier does not accept this PIN. Ask it for a new number transfer PIN (not the "
    "PIN used to log in) and send it soon, because transfer PINs expire within days.",
    ("account_pin",),
)
PORT_PROTECTED = Rejection(
    "PORT_PROTECTED",
    "The number is locked at the losing carrier. Its holder must remove the number lock there; "
    "then send a correction with a fresh transfer PIN, because the lock often voids the old one.",
    ("account_pin",),
)
POSTAL_CODE = Rejection(
    "POSTAL_CODE",
    "The ZIP code differs from the billing ZIP on the losing carrier's account.",
    ("billing_address",),
)
ADDRESS = Rejection(
    "ADDRESS",
    "The address differs from the losing carrier's records: write it exactly as on the bill.",
    ("billing_address",),
)
NAME = Rejection(
    "NAME",
    "The name differs from the losing carrier's records: write it exactly as on the bill.",
    ("subscriber_name",),
)
MISMATCH = Rejection(
    "MISMATCH_UNSPECIFIED",
    "Something differs from the losing carrier's records, and it does not say what: check name, "
    "account number, PIN and billing address against the bill.",
    ("account_number", "account_pin", "billing_address", "subscriber_name"),
)
DUE_DATE = Rejection(
    "DUE_DATE",
    "The losing carrier cannot meet the requested date: ask for a later business day.",
    ("port_in_date",),
)
UNCLASSIFIED = Rejection(
    "UNCLASSIFIED",
    "The reason is not known to us. Read the vendor's words, and ask Telegent's support with the "
    "order id before sending data that may be wrong.",
)

_BY_CODE = {
    "8A": ACCOUNT_NUMBER,
    "6B": PIN,
    "6P": PORT_PROTECTED,
    "1P": MISMATCH,
    "1M": DUE_DATE,
    "1N": DUE_DATE,
    "6E": DUE_DATE,
    "6F": DUE_DATE,
}
_BY_KEYWORD = (
    (r"lock|protect|freeze", PORT_PROTECTED),
    (r"\bpin\b|passcode|password", PIN),
    (r"\bzip\b|postal", POSTAL_CODE),
    (r"account.?(num|no)", ACCOUNT_NUMBER),
    (r"address", ADDRESS),
    (r"\bname\b", NAME),
)


def classify(message: str) -> Rejection:
    """The rejection that a vendor's message stands for.

    Messages look like `8A-ACCOUNT_NUM_REQ_OR_INCORRECT`: a code of two characters and a text. The
    full list of codes is not public, so a code we have not read about is never guessed: then the
    text's key words decide, and without those it stays unclassified.
    """
    coded = re.match(r"\s*([0-9][0-9A-Z])\b", message, re.IGNORECASE)
    if coded and (known := _BY_CODE.get(coded.group(1).upper())):
        return known
    text = message.replace("_", " ")
    for keywords, rejection in _BY_KEYWORD:
        if re.search(keywords, text, re.IGNORECASE):
            return rejection
    return UNCLASSIFIED
