"""Writes the tables of docs/port-in.md: `python -m tests.docs.port_in_tables`."""

from telegent_orchestrator.port_in import PortState
from tests.docs import ROOT, replace_between_markers
from workflows import port_states, rejections
from workflows.port_in import SENTENCES
from workflows.rejections import UNCLASSIFIED, Rejection

PAGE = ROOT / "docs" / "port-in.md"
FOLLOWED = (
    PortState.SUBMITTED,
    PortState.AT_CARRIER,
    PortState.SCHEDULED,
    PortState.ACTION_REQUIRED,
    PortState.UPDATE_REQUESTED,
    PortState.CANCEL_REQUESTED,
)
"""The states in which the order is read."""


def states() -> str:
    """Each state, what it means, and which messages it takes."""
    table = [
        "| State | Meaning | Last | Correction | Cancel | Order id |",
        "|---|---|---|---|---|---|",
    ]
    for state in PortState:
        takes = [
            "yes" if refusal(state) is None else ""
            for refusal in (
                port_states.refusal_of_correction,
                port_states.refusal_of_cancel,
                port_states.refusal_of_order,
            )
        ]
        final = "yes" if state.final else ""
        table.append(f"| `{state}` | {SENTENCES[state]} | {final} | {' | '.join(takes)} |")
    return "\n".join(table)


def words() -> str:
    """The vendor's words for each state."""
    table = ["| State | Vendor's words |", "|---|---|"]
    table += [
        f"| `{state}` | {', '.join(f'`{word}`' for word in spellings)} |"
        for state, spellings in port_states._WORDS.items()
    ]
    return "\n".join(table)


def moves() -> str:
    """Where a reading of the order leads, by state and meaning of the vendor's word."""
    table = ["| Word read | In | Leads to |", "|---|---|---|"]
    for meaning, spellings in port_states._WORDS.items():
        led: dict[PortState, list[PortState]] = {}
        for state in FOLLOWED:
            led.setdefault(port_states.after_reading(state, spellings[0]), []).append(state)
        for target, origins in led.items():
            others = [state for state in FOLLOWED if state not in origins]
            where = ", ".join(f"`{state}`" for state in origins)
            if len(others) < len(origins):
                where = "all" + "".join(f" but `{state}`" for state in others)
            table.append(f"| for `{meaning}` | {where} | `{target}` |")
    return "\n".join(table)


def reasons() -> str:
    """Each rejection: codes, key words, remedy, fields."""
    known = [*rejections._BY_CODE.values(), *(found for _, found in rejections._BY_KEYWORD)]
    table = [
        "| Reason | Codes | Key words (pattern) | Fields to correct | Remedy |",
        "|---|---|---|---|---|",
    ]
    for rejection in [*dict.fromkeys(known), UNCLASSIFIED]:
        table.append(_row(rejection))
    return "\n".join(table)


def _row(rejection: Rejection) -> str:
    codes = [f"`{code}`" for code, found in rejections._BY_CODE.items() if found is rejection]
    patterns = [
        "`" + pattern.replace("|", "\\|") + "`"
        for pattern, found in rejections._BY_KEYWORD
        if found is rejection
    ]
    fields = [f"`{name}`" for name in rejection.fields]
    return (
        f"| `{rejection.reason}` | {', '.join(codes)} | {', '.join(patterns)} | "
        f"{', '.join(fields)} | {rejection.remedy} |"
    )


TABLES = {"states": states, "words": words, "moves": moves, "reasons": reasons}


if __name__ == "__main__":
    for name, table in TABLES.items():
        replace_between_markers(PAGE, name, table())
