"""What commands print: text for the terminal, or JSON documents for programs."""

import json
from types import TracebackType
from typing import Annotated, Protocol, Self

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from telegent_orchestrator._display import escape_unprintable
from telegent_orchestrator.cli.rendering import sanitize
from telegent_orchestrator.cli.results import (
    CommandError,
    CommandResult,
    ExitStatus,
    NextStep,
    StartResult,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsJsonLines = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; with --watch, one per line.")
]

PIPE_WIDTH = 160


class Started(Protocol):
    """The handle of what a command has started. `joined`: it existed, with the same request."""

    id: str
    joined: bool


class Output:
    """Prints results on standard output and everything else on standard error.

    As a context manager it ends the command on a CommandError: it prints the error, or with
    `as_json` a document with `error`, `errors` and `next`.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            # Readers of a pipe cannot use folded cells.
            self.console.width = PIPE_WIDTH
        self._errors = Console(highlight=False, soft_wrap=True, stderr=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            error = CommandError("interrupted; what was started continues", ExitStatus.INTERRUPTED)
        if isinstance(error, CommandError):
            self._report_error(error)
            raise typer.Exit(error.exit_status) from None

    def document(self, document: BaseModel, *, single_line: bool = False) -> None:
        """Print a result for programs."""
        text = document.model_dump_json(indent=None if single_line else 2)
        print(escape_unprintable(text, keep="\n"), flush=True)

    def result(self, message: str, document: CommandResult) -> None:
        """Print the result of a start or message, and what to do next."""
        if self.as_json:
            self.document(document)
        else:
            self.show(message)
            self.show_next_steps(document.next)

    def started(self, what: str, handle: Started, next_step: NextStep) -> ExitStatus:
        """Print that a workflow was started or joined, and what to do next."""
        self.result(
            f"{what} {'joined' if handle.joined else 'started'}",
            StartResult(workflow_id=handle.id, joined=handle.joined, next=[next_step]),
        )
        return ExitStatus.DONE

    def show(self, *parts: RenderableType) -> None:
        """Print a result as text."""
        for part in parts:
            # Sentences are not wrapped, so that commands in them can be copied.
            text = sanitize(part) if isinstance(part, str) else part
            self.console.print(text, soft_wrap=isinstance(text, Text))

    def show_next_steps(self, next_steps: list[NextStep]) -> None:
        """Print what to do next."""
        for step in next_steps:
            self.show(sanitize(step.reason, "yellow"))
            # Plain and unwrapped, so that they can be copied.
            self.show(*(f"  {command}" for command in step.commands))

    def notice(self, message: str) -> None:
        """Print a notice on standard error: it is no part of the result."""
        self._errors.print(sanitize(message, "dim"))

    def _report_error(self, error: CommandError) -> None:
        if self.as_json:
            document = {
                "error": error.message,
                "errors": error.errors,
                "next": [step.model_dump() for step in error.next_steps],
            }
            text = json.dumps(document, indent=2, ensure_ascii=False)
            print(escape_unprintable(text, keep="\n"), flush=True)
            return
        self._errors.print(sanitize(error.message, "red"))
        for line in error.errors:
            self._errors.print(sanitize(f"  {line}"))
        for step in error.next_steps:
            self._errors.print(sanitize(step.reason))
            for command in step.commands:
                self._errors.print(sanitize(f"  {command}"))
