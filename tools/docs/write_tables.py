"""`python -m tools.docs.write_tables`: write the tables of failure-handling.md."""

from activities.support.write_specs import (
    CANCEL_PORT,
    CREATE_WEBHOOK,
    RELEASE_NUMBER,
    SET_DATA_LIMITS,
    SET_PORT_OUT_PIN,
    SET_RENEWAL,
    UPDATE_PORT,
    VOID_PORT_OUT_PIN,
    WRITES,
    Kind,
    Lag,
    Write,
)
from tools.docs.documents import ROOT, replace_between_markers

PAGE = ROOT / "docs" / "explanation" / "failure-handling.md"
NONE = "–"  # noqa: RUF001 - a dash in a cell
COUNT = {1: "one answer lost", 2: "two answers lost"}
OF_SOMETHING_ELSE = (
    CREATE_WEBHOOK,
    SET_DATA_LIMITS,
    SET_RENEWAL,
    UPDATE_PORT,
    CANCEL_PORT,
    SET_PORT_OUT_PIN,
    VOID_PORT_OUT_PIN,
    RELEASE_NUMBER,
)
"""What they leave is named with the number, the port-in or the port-out; a webhook is nowhere."""
SETTING = {Lag.READ: "read lag", Lag.PURCHASE: "purchase lag"}


def writes() -> str:
    """How each write is repeated and found again."""
    head = ("Write", "Kind", "Key or mark", "The look", "Adopted", "Proof that it is not there")
    table = [_row(*head, "Lag", "A person is asked when"), _row(*["---"] * 8)]
    for row in WRITES.values():
        unique = ", unique" if row.unique else ""
        look = ("not needed" if row.kind is Kind.SET else "none") if row.look is None else row.look
        table.append(
            _row(
                f"`{row.activity}`",
                f"{row.kind}{unique}",
                row.key,
                look,
                row.adopts or NONE,
                row.absent or NONE,
                SETTING[row.lag] if row.lag else NONE,
                _person(row),
            )
        )
    return "\n".join(table)


def undo() -> str:
    """What a cancel does about each write."""
    table = [_row("Made by", "A cancel", "Until when, or why it is left"), _row(*["---"] * 3)]
    for row in WRITES.values():
        if row.undo:
            table.append(_row(f"`{row.activity}`", f"`{row.undo}`", row.until))
        elif row.left != "for good":
            named = "" if row in OF_SOMETHING_ELSE else ", and names it"
            table.append(_row(f"`{row.activity}`", f"leaves it{named}", row.left))
    return "\n".join(table)


def _person(row: Write) -> str:
    if row.kind not in (Kind.CREATE, Kind.PURCHASE) or row.person.startswith("never:"):
        return row.person
    return COUNT[row.tries] + ("" if row.person == "never" else f"; {row.person}")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    replace_between_markers(PAGE, "writes", writes())
    replace_between_markers(PAGE, "undo", undo())
