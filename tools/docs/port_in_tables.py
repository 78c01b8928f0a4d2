"""Writes the tables of docs/reference/port-in.md: `python -m tools.docs.port_in_tables`."""

from datetime import UTC, datetime, timedelta

from activities.local import ANSWER_BY
from activities.port_in.policy import PortRules
from telegent_orchestrator.port_in import PortState, Resolve
from tools.docs.documents import ROOT, replace_between_markers
from workflows.port_in.deadlines import Clocks, Deadline, next_deadline
from workflows.port_in.rejections import BY_CODE, BY_KEYWORD, REJECTIONS, Rejection
from workflows.port_in.state import SENTENCES
from workflows.port_in.transitions import ACCEPTED, MOVES, WORDS, Message

PAGE = ROOT / "docs" / "reference" / "port-in.md"


def states() -> str:
    """Each state, what it means, and where it may lead."""
    table = ["| State | Meaning | May go to |", "|---|---|---|"]
    for state in PortState:
        to = ", ".join(f"`{other}`" for other in PortState if other in MOVES[state])
        table.append(f"| `{state}` | {SENTENCES[state]} | {to or 'the end'} |")
    return "\n".join(table)


def messages() -> str:
    """In which states each message is taken."""
    table = ["| Message | Taken in |", "|---|---|"]
    for message in (*Message, *Resolve):
        name = f"`{message}` (operator)" if isinstance(message, Resolve) else message.value
        where = ", ".join(f"`{state}`" for state in PortState if state in ACCEPTED[message])
        table.append(f"| {name} | {where} |")
    return "\n".join(table)


def words() -> str:
    """The vendor's words for each state."""
    table = ["| State | Vendor's words |", "|---|---|"]
    table += [
        f"| `{state}` | {', '.join(f'`{word}`' for word in spellings)} |"
        for state, spellings in WORDS.items()
    ]
    return "\n".join(table)


def timers() -> str:
    """The deadlines of each state, by default, counted from entering it."""
    table = ["| State | Timer | After | Then |", "|---|---|---|---|"]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    clocks = Clocks(since=now, submitted_at=now)
    for state in PortState:
        passed: set[Deadline] = set()
        while deadline := next_deadline(
            state, clocks, PortRules(answer_by=ANSWER_BY), frozenset(passed)
        ):
            passed.add(deadline)
            days = (deadline.at - now) / timedelta(days=1)
            then = deadline.then.name.lower()
            after = f"{days:g} {'day' if days == 1 else 'days'}"
            table.append(f"| `{state}` | {deadline.name} | {after} | {then} |")
    return "\n".join(table)


def reasons() -> str:
    """Each rejection: who acts, codes, key words, remedy, fields."""
    table = [
        "| Reason | Who acts | Codes | Key words (pattern) | Fields | Tries | Remedy |",
        "|---|---|---|---|---|---|---|",
    ]
    table += [_row(rejection) for rejection in REJECTIONS]
    return "\n".join(table)


def _row(rejection: Rejection) -> str:
    codes = [f"`{code}`" for code, found in BY_CODE.items() if found is rejection]
    patterns = [
        "`" + pattern.replace("|", "\\|") + "`"
        for pattern, found in BY_KEYWORD
        if found is rejection
    ]
    fields = [f"`{name}`" for name in rejection.fields]
    tries = "new order" if rejection.hard else str(rejection.tries)
    return (
        f"| `{rejection.reason}` | {rejection.who} | {', '.join(codes)} | {', '.join(patterns)} | "
        f"{', '.join(fields)} | {tries} | {rejection.remedy} |"
    )


TABLES = {
    "states": states,
    "messages": messages,
    "words": words,
    "timers": timers,
    "reasons": reasons,
}


if __name__ == "__main__":
    for name, table in TABLES.items():
        replace_between_markers(PAGE, name, table())
