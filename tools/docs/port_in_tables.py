"""Write the tables of docs/reference/port-in.md: `python -m tools.docs.port_in_tables`."""

from datetime import UTC, datetime, timedelta

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator.port_in import OperatorAction, PortState
from tools.docs.documents import ROOT, replace_between_markers
from workflows.port_in.deadlines import Deadline, Milestones, next_deadline
from workflows.port_in.rejections import (
    REJECTIONS,
    REJECTIONS_BY_CODE,
    REJECTIONS_BY_KEYWORD,
    Rejection,
)
from workflows.port_in.transitions import (
    ACCEPTED_IN,
    STATE_DESCRIPTIONS,
    TRANSITIONS,
    VENDOR_STATUS_MAP,
    MessageKind,
)

PAGE = ROOT / "docs" / "reference" / "port-in.md"


def states() -> str:
    """Each state, its meaning, and the states that may follow."""
    table = ["| State | Meaning | Next states |", "|---|---|---|"]
    for state in PortState:
        to = ", ".join(f"`{other}`" for other in PortState if other in TRANSITIONS[state])
        table.append(f"| `{state}` | {STATE_DESCRIPTIONS[state]} | {to or 'none: final'} |")
    return "\n".join(table)


def messages() -> str:
    """The states in which each message is accepted."""
    table = ["| Message | Accepted in |", "|---|---|"]
    for message in (*MessageKind, *OperatorAction):
        name = f"`{message}` (operator)" if isinstance(message, OperatorAction) else message.value
        where = ", ".join(f"`{state}`" for state in PortState if state in ACCEPTED_IN[message])
        table.append(f"| {name} | {where} |")
    return "\n".join(table)


def vendor_statuses() -> str:
    """Telegent's order statuses for each state."""
    table = ["| State | Statuses at Telegent |", "|---|---|"]
    table += [
        f"| `{state}` | {', '.join(f'`{word}`' for word in spellings)} |"
        for state, spellings in VENDOR_STATUS_MAP.items()
    ]
    return "\n".join(table)


def deadlines() -> str:
    """The default deadlines of each state, counted from entering it."""
    table = ["| State | Deadline | After | Then |", "|---|---|---|---|"]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    clocks = Milestones(entered_at=now, carrier_clock_started_at=now)
    for state in PortState:
        passed: set[Deadline] = set()
        while deadline := next_deadline(state, clocks, PortInPolicy(), frozenset(passed)):
            passed.add(deadline)
            then = deadline.action.name.lower().replace("_", " ")
            after = _in_words(deadline.at - now)
            table.append(f"| `{state}` | {deadline.name} | {after} | {then} |")
    return "\n".join(table)


def _in_words(span: timedelta) -> str:
    days, minutes = span / timedelta(days=1), span / timedelta(minutes=1)
    if days < 1:
        return f"{minutes:g} minutes"
    return f"{days:g} {'day' if days == 1 else 'days'}"


def reasons() -> str:
    """Each rejection: who acts, codes, key words, remedy, fields."""
    table = [
        "| Reason | Who acts | Codes | Keywords (pattern) | Fields | Max. rejections | Remedy |",
        "|---|---|---|---|---|---|---|",
    ]
    table += [_row(rejection) for rejection in REJECTIONS]
    return "\n".join(table)


def _row(rejection: Rejection) -> str:
    codes = [f"`{code}`" for code, found in REJECTIONS_BY_CODE.items() if found is rejection]
    patterns = [
        "`" + pattern.replace("|", "\\|") + "`"
        for pattern, found in REJECTIONS_BY_KEYWORD
        if found is rejection
    ]
    fields = [f"`{name}`" for name in rejection.fields]
    max_rejections = "new order" if rejection.not_correctable else str(rejection.max_rejections)
    return (
        f"| `{rejection.reason}` | {rejection.responsible_party} | {', '.join(codes)} "
        f"| {', '.join(patterns)} | {', '.join(fields)} | {max_rejections} | {rejection.remedy} |"
    )


TABLES = {
    "states": states,
    "messages": messages,
    "statuses": vendor_statuses,
    "deadlines": deadlines,
    "reasons": reasons,
}


if __name__ == "__main__":
    for name, table in TABLES.items():
        replace_between_markers(PAGE, name, table())
