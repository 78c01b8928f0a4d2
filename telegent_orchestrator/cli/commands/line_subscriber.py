"""`tgo line subscriber` and `tgo line transfer`: the subscriber of a line."""

from typing import Annotated, Literal

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.commands.line import Line, change_line
from telegent_orchestrator.cli.input import By, PasswordOption, Reason, apply_secrets
from telegent_orchestrator.cli.output import AsJsonLines, Output
from telegent_orchestrator.cli.watching import Watch


def subscriber(
    context: typer.Context,
    line: Line,
    reason: Reason,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    role: Annotated[
        Literal["Subscriber", "Manager", "Account Admin"] | None,
        typer.Option("--role", help="The new role in the account."),
    ] = None,
    secrets: PasswordOption = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Change name, role or password of a line's subscriber."""
    change: dict[str, JsonValue] = {"kind": "subscriber", "name": name, "role": role}
    with Output(as_json):
        apply_secrets(change, secrets)
    change_line(context.obj, line, change, reason, by, watch, as_json)


def transfer(
    context: typer.Context,
    line: Line,
    reason: Reason,
    account: Annotated[str, typer.Option("--account", help="Telegent's id of the new account.")],
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Move a line's subscriber, with all lines of the subscriber, to another account."""
    change: dict[str, JsonValue] = {"kind": "transfer", "to_account_id": account}
    change_line(context.obj, line, change, reason, by, watch, as_json)
