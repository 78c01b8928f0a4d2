"""`tgo line filters` and `tgo line guardian`: AI Guardian of a line."""

from typing import Annotated, Literal

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.commands.line import Line, change_line
from telegent_orchestrator.cli.input import By, Reason
from telegent_orchestrator.cli.output import AsJsonLines
from telegent_orchestrator.cli.watching import Watch

Numbers = list[str] | None


def _entries(option: str, what: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        option, metavar="NUMBER", help=f"{what} Repeatable."
    )
    return info


CallMode = Annotated[
    Literal["WHITELIST", "BLACKLIST"] | None,
    typer.Option(
        "--call-mode", help="Set the mode of the call filter; creates the filter if there is none."
    ),
]
CallAllow = Annotated[
    Numbers, _entries("--call-allow", "Add a number to the allowed ones of the call filter.")
]
CallDisallow = Annotated[
    Numbers, _entries("--call-disallow", "Remove a number from the allowed ones.")
]
CallBlock = Annotated[
    Numbers, _entries("--call-block", "Add a number to the blocked ones of the call filter.")
]
CallUnblock = Annotated[
    Numbers, _entries("--call-unblock", "Remove a number from the blocked ones.")
]
CallOff = Annotated[bool, typer.Option("--call-off", help="Delete the call filter.")]
MessageMode = Annotated[
    Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] | None,
    typer.Option(
        "--message-mode",
        help="Set the mode of the message filter; creates the filter if there is none.",
    ),
]
MessageAllow = Annotated[
    Numbers, _entries("--message-allow", "Add a number to the allowed ones of the message filter.")
]
MessageDisallow = Annotated[
    Numbers, _entries("--message-disallow", "Remove a number from the allowed ones.")
]
MessageBlock = Annotated[
    Numbers, _entries("--message-block", "Add a number to the blocked ones of the message filter.")
]
MessageUnblock = Annotated[
    Numbers, _entries("--message-unblock", "Remove a number from the blocked ones.")
]
MessageOff = Annotated[bool, typer.Option("--message-off", help="Delete the message filter.")]
Calls = Annotated[
    bool | None,
    typer.Option(
        "--calls/--no-calls",
        help="Turn the call filters of all lines of the subscriber on or off.",
    ),
]
Messages = Annotated[
    bool | None,
    typer.Option(
        "--messages/--no-messages",
        help="Turn the message filters of all lines of the subscriber on or off.",
    ),
]


def filters(
    context: typer.Context,
    line: Line,
    reason: Reason,
    call_mode: CallMode = None,
    call_allow: CallAllow = None,
    call_disallow: CallDisallow = None,
    call_block: CallBlock = None,
    call_unblock: CallUnblock = None,
    call_off: CallOff = False,
    message_mode: MessageMode = None,
    message_allow: MessageAllow = None,
    message_disallow: MessageDisallow = None,
    message_block: MessageBlock = None,
    message_unblock: MessageUnblock = None,
    message_off: MessageOff = False,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Edit, create or delete the call filter and the message filter of a line."""
    change: dict[str, JsonValue] = {
        "kind": "filters",
        "call_filter": _edits(
            call_mode, call_off, call_allow, call_disallow, call_block, call_unblock
        ),
        "message_filter": _edits(
            message_mode,
            message_off,
            message_allow,
            message_disallow,
            message_block,
            message_unblock,
        ),
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def _edits(
    mode: str | None, off: bool, allow: Numbers, disallow: Numbers, block: Numbers, unblock: Numbers
) -> JsonValue:
    """The edits of one filter; None if there are none."""
    lists = {"allow": allow, "disallow": disallow, "block": block, "unblock": unblock}
    edits: dict[str, JsonValue] = {name: [*numbers] for name, numbers in lists.items() if numbers}
    if mode:
        edits["mode"] = mode
    if off:
        edits["off"] = True
    return edits or None


def guardian(
    context: typer.Context,
    line: Line,
    reason: Reason,
    calls: Calls = None,
    messages: Messages = None,
    guardian_id: Annotated[
        str | None,
        typer.Option(
            "--guardian", help="Telegent's id of the subscriber who is to guard this one."
        ),
    ] = None,
    relation: Annotated[
        str | None,
        typer.Option(
            "--relation",
            help="What --guardian is to this subscriber, such as Parent. Default: Guardian.",
        ),
    ] = None,
    end_relation: Annotated[
        bool,
        typer.Option("--end-relation", help="End the relation to --guardian."),
    ] = False,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Turn filters on or off for a line's subscriber, or start or end a guardian's relation."""
    named: dict[str, JsonValue] = {"guardian_id": guardian_id}
    if relation:
        named["relation"] = relation
    if end_relation:
        named["end"] = True
    change: dict[str, JsonValue] = {
        "kind": "guardian",
        "calls": calls,
        "messages": messages,
        "relation": named if guardian_id or len(named) > 1 else None,
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)
