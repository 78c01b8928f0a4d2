"""What is printed and kept: one line for each step, OK or DIFFERS, and what was seen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer


class Differs(Exception):
    """What was seen is not what the rules or the documentation say. The message is for readers."""


def expect(condition: bool, otherwise: str) -> None:
    """Raise Differs with this text unless the condition holds."""
    if not condition:
        raise Differs(otherwise)


class Transcript:
    """Prints the steps, and writes them to a file.

    Attributes:
        differing: Titles of the steps that differed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: list[str] = []
        self.differing: list[str] = []

    def line(self, text: str) -> None:
        """Print a line."""
        typer.echo(text)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def saw(self, text: str) -> None:
        """Add what was seen to the step that is running."""
        self._seen.append(text)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a step. What differs is printed, and the next step follows."""
        self._seen, verdict = [], "OK"
        started = time.monotonic()
        try:
            yield
        except Exception as error:  # the next steps need not depend on this one
            verdict = "DIFFERS"
            self.differing.append(title)
            known = isinstance(error, Differs)
            self._seen += (str(error) if known else f"{type(error).__name__}: {error}").splitlines()
        self.line(f"{verdict:8} {title} ({time.monotonic() - started:.0f} s)")
        for seen in self._seen:
            self.line(f"         {seen}")
