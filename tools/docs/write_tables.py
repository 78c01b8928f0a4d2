"""Write the tables of failure-handling.md: `python -m tools.docs.write_tables`."""

from activities.support.line_write_specs import (
    ASSIGN_NUMBER,
    CANCEL_LINE,
    CHANGE_SUBSCRIPTION,
    EDIT_FILTER_LIST,
    FREE_SIM,
    REACTIVATE_LINE,
    RESTORE_LINE,
    SET_GUARDIAN_FEATURES,
    SET_PRODUCT_TYPE,
    SUSPEND_LINE,
    SWAP_NUMBER,
    SWAP_SIM,
    TRANSFER_SUBSCRIBER,
    UPDATE_FILTER,
    UPDATE_SUBSCRIBER,
)
from activities.support.write_specs import (
    CANCEL_PORT,
    CREATE_WEBHOOK,
    RELEASE_NUMBER,
    SET_DATA_LIMITS,
    SET_E911_ADDRESS,
    SET_PORT_OUT_PIN,
    SET_RENEWAL,
    UPDATE_PORT,
    VOID_PORT_OUT_PIN,
    WRITE_SPECS,
    Lag,
    WriteKind,
    WriteSpec,
)
from tools.docs.documents import ROOT, replace_between_markers

PAGE = ROOT / "docs" / "explanation" / "failure-handling.md"
NONE = "–"  # noqa: RUF001 - a dash in a cell
LOST_RESPONSES_LABELS = {1: "one response lost", 2: "two responses lost"}
NAMED_WITH_THEIR_OWNER = (
    CREATE_WEBHOOK,
    SET_DATA_LIMITS,
    SET_E911_ADDRESS,
    SET_RENEWAL,
    UPDATE_PORT,
    CANCEL_PORT,
    SET_PORT_OUT_PIN,
    VOID_PORT_OUT_PIN,
    RELEASE_NUMBER,
    CANCEL_LINE,
    REACTIVATE_LINE,
    FREE_SIM,
    SWAP_SIM,
    CHANGE_SUBSCRIPTION,
    SET_PRODUCT_TYPE,
    SUSPEND_LINE,
    RESTORE_LINE,
    EDIT_FILTER_LIST,
    UPDATE_FILTER,
    SET_GUARDIAN_FEATURES,
    SWAP_NUMBER,
    ASSIGN_NUMBER,
    UPDATE_SUBSCRIBER,
    TRANSFER_SUBSCRIBER,
)
"""Writes whose retained effects are reported with the number, port-in, port-out or line change;
those of a webhook are not reported."""
LAG_SETTINGS = {Lag.READ: "read lag", Lag.PURCHASE: "purchase lag"}


def writes() -> str:
    """How each write is retried and looked up."""
    head = ("Write", "Kind", "Key or mark", "Lookup", "Adopted", "Proof of absence")
    table = [_row(*head, "Lag", "Escalated when"), _row(*["---"] * 8)]
    for row in WRITE_SPECS.values():
        unique = ", unique" if row.unique else ""
        lookup = (
            ("not needed" if row.kind is WriteKind.IDEMPOTENT else "none")
            if row.lookup is None
            else row.lookup
        )
        table.append(
            _row(
                f"`{row.activity}`",
                f"{row.kind}{unique}",
                row.natural_key,
                lookup,
                row.match_rule or NONE,
                row.absence_proof or NONE,
                LAG_SETTINGS[row.lag] if row.lag else NONE,
                _escalation(row),
            )
        )
    return "\n".join(table)


def compensation() -> str:
    """What a cancel does about each write."""
    table = [
        _row("Created by", "A cancel", "Until when, or why it is retained"),
        _row(*["---"] * 3),
    ]
    for row in WRITE_SPECS.values():
        if row.compensation:
            table.append(_row(f"`{row.activity}`", f"`{row.compensation}`", row.compensate_until))
        elif row.retained_because != "permanent":
            named = "" if row in NAMED_WITH_THEIR_OWNER else ", and reports it"
            table.append(_row(f"`{row.activity}`", f"retains it{named}", row.retained_because))
    return "\n".join(table)


def _escalation(row: WriteSpec) -> str:
    if row.kind not in (WriteKind.CREATE, WriteKind.PURCHASE) or row.escalates_when.startswith(
        "never:"
    ):
        return row.escalates_when
    return LOST_RESPONSES_LABELS[row.max_lost_responses] + (
        "" if row.escalates_when == "never" else f"; {row.escalates_when}"
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    replace_between_markers(PAGE, "writes", writes())
    replace_between_markers(PAGE, "compensation", compensation())
