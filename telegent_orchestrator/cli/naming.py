"""Workflows as commands name them: by a phone number or a workflow id."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from telegent_orchestrator._models import E164
from telegent_orchestrator.cli.connection import Connection, Session
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client.executions import WorkflowKind

Handle = TypeVar("Handle")
Number = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", help="Phone number such as +18015550123, or an id that `list` shows."
    ),
]
NAMED_BY_NUMBER = {
    WorkflowKind.PORT_IN,
    WorkflowKind.PORT_OUT,
    WorkflowKind.LINE_CHANGE,
    WorkflowKind.RENEWAL_CHANGE,
}


def find_by_number(
    number: str,
    kind: WorkflowKind,
    session: Session,
    by_number: Callable[[str], Handle],
    by_id: Callable[[str], Handle],
) -> Handle:
    """The workflow of this number or with this id. Raises CommandError if it is neither."""
    # Phone numbers begin with a plus sign.
    if is_workflow_id(number, kind):
        return by_id(number)
    try:
        phone_number = TypeAdapter(E164).validate_python(number)
    except ValidationError:
        raise CommandError(
            f"{number} is neither a phone number such as +18015550123 nor an id such as "
            f"{kind.value}-…",
            ExitStatus.USAGE,
        ) from None
    # The workflow id is computed with it.
    session.require_same_id_key()
    return by_number(phone_number)


def is_workflow_id(name: str, kind: WorkflowKind) -> bool:
    """Whether it is the workflow id of a workflow that `list` shows with this type."""
    return name.startswith(f"{kind.value}-")


def not_found(name: str, kind: WorkflowKind, connection: Connection) -> CommandError:
    """The error if no workflow of this kind has the name."""
    reason = (
        f"there is no {kind.value} of {name} in this namespace, or the id key (--id-key-file, "
        "TELEGENT_ID_KEY_FILE) differs from the worker's"
        if kind in NAMED_BY_NUMBER
        else f"there is no {kind.value} {name} in this namespace"
    )
    list_command = connection.command("list", "--type", kind.value)
    return CommandError(
        reason,
        ExitStatus.USAGE,
        next_steps=[NextStep(reason="list all with:", commands=[list_command])],
    )


def watch_hint(connection: Connection, *command: str) -> NextStep:
    """How to watch what a `status` command shows."""
    return NextStep(reason="watch it with:", commands=[connection.command(*command, "--watch")])
