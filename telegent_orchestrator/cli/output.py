"""What commands print: for people on the terminal, or one JSON document for programs."""

import json
import sys
from types import TracebackType
from typing import Annotated, Self

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from telegent_orchestrator.cli.rendering import words
from telegent_orchestrator.cli.results import Advice, Done, Exit, Stop

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; with --watch one a line.")
]

PIPE_WIDTH = 160


class Output:
    """Prints results on standard output and everything else on standard error.

    As a context it ends the command when something stopped it: with the sentence for people, or,
    with `as_json`, with a document that has `error`, `faults` and `next`.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            # What reads a pipe has no use for folded cells.
            self.console.width = PIPE_WIDTH
        self._errors = Console(highlight=False, soft_wrap=True, stderr=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            error = Stop("stopped; what was sent already goes on", Exit.INTERRUPTED)
        if isinstance(error, Stop):
            self._stopped(error)
            raise typer.Exit(error.status) from None

    def document(self, document: BaseModel, *, one_line: bool = False) -> None:
        """A result for programs."""
        print(document.model_dump_json(indent=None if one_line else 2), flush=True)

    def done(self, sentence: str, document: Done) -> None:
        """That something was taken, and what to do next."""
        if self.as_json:
            self.document(document)
        else:
            self.show(sentence)
            self.advise(document.next)

    def show(self, *parts: RenderableType) -> None:
        """A result for people."""
        for part in parts:
            # Sentences are not wrapped by us, so that commands in them can be copied.
            text = words(part) if isinstance(part, str) else part
            self.console.print(text, soft_wrap=isinstance(text, Text))

    def advise(self, next_steps: list[Advice]) -> None:
        """What to do next, for people."""
        for advice in next_steps:
            self.show(words(advice.why, "yellow"))
            # Plain and unwrapped, so that it can be copied.
            self.show(*(f"  {command}" for command in advice.commands))

    def note(self, sentence: str) -> None:
        """A word aside, which is no part of the result."""
        self._errors.print(words(sentence, "dim"))

    def _stopped(self, stop: Stop) -> None:
        if self.as_json:
            document = {
                "error": stop.sentence,
                "faults": stop.faults,
                "next": [advice.model_dump() for advice in stop.next_steps],
            }
            json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
            print(flush=True)
            return
        self._errors.print(words(stop.sentence, "red"))
        for fault in stop.faults:
            self._errors.print(words(f"  {fault}"))
        for advice in stop.next_steps:
            self._errors.print(words(advice.why))
            for command in advice.commands:
                self._errors.print(words(f"  {command}"))
