"""What is printed: one line for each step, OK or DIFFERS, and what was seen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Differs(Exception):
    """What was seen is not what the file or the documentation says. The message is for readers."""


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
        self._path.write_text("", encoding="utf-8")
        self._seen: list[str] = []
        self.differing: list[str] = []

    def heading(self, text: str) -> None:
        """Start a part."""
        self._print(f"\n== {text}")

    def saw(self, text: str) -> None:
        """Add what was seen to the step that is running; outside of a step it is a line."""
        self._seen.append(text)

    @contextmanager
    def step(self, title: str, *, required: bool = False) -> Iterator[None]:
        """Run a step. What differs is printed, and raised again if the next steps need this one."""
        self._seen, started = [], time.monotonic()
        try:
            yield
        except Exception as error:
            self.differing.append(title)
            reason = (
                str(error) if isinstance(error, Differs) else f"{type(error).__name__}: {error}"
            )
            self._end("DIFFERS", title, started, reason)
            if required:
                raise
        else:
            self._end("OK", title, started, "")

    def _end(self, verdict: str, title: str, started: float, reason: str) -> None:
        self._print(f"{verdict:8} {title} ({time.monotonic() - started:.0f} s)")
        for line in [*self._seen, *reason.splitlines()]:
            self._print(f"         {line}")

    def _print(self, line: str) -> None:
        print(line, flush=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
