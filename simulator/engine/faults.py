"""Trouble on demand: rules that spoil chosen calls in ways a network or a gateway would."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FaultKind = Literal[
    "refuse_connection",
    "drop_response",
    "error_before",
    "error_after",
    "delay_response",
    "delay_effect",
    "429",
    "broken_json",
    "html",
    "empty",
    "401",
]


def matches(pattern: str, method: str | None, path: str) -> bool:
    """Whether a pattern such as "POST /v1.0/numbers/*" means this call; no method: any."""
    expected_method, _, expected_path = pattern.rpartition(" ")
    same_method = not expected_method or method is None or expected_method.upper() == method
    return same_method and fnmatchcase(path.lower(), expected_path.lower())


class Fault(BaseModel):
    """Spoils calls that match, from the `nth` one on (1-based), `times` in a row.

    `match` is a path pattern (`*` and `?`), optionally after a method: "POST /v1.0/numbers/*".
    Letter case does not matter. Kinds: `refuse_connection` closes the connection unread, nothing
    done; `drop_response` does it, then cuts the connection; `error_before`/`error_after` answer
    `status` without or after doing it; `delay_response`/`delay_effect` answer `seconds` late,
    having done it before or after the wait; `429` (with `retry_after` seconds, if given) and `401`
    do nothing; `broken_json`, `html` and `empty` do it and answer 200 with something unreadable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: str
    kind: FaultKind
    nth: int = Field(default=1, ge=1)
    times: int = Field(default=1, ge=1)
    status: int = Field(default=500, ge=400, le=599)
    seconds: float = Field(default=1.0, ge=0)
    retry_after: int | None = Field(default=None, ge=0)

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is meant by this rule."""
        return matches(self.match, method, path)


@dataclass
class FaultInjector:
    """The rules in force. Each counts its own matching calls."""

    _rules: list[tuple[Fault, list[None]]] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Puts a rule in force; its count starts now."""
        self._rules.append((fault, []))

    def clear(self) -> None:
        """Takes all rules out of force."""
        self._rules.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """The rule that spoils this call, if any. Every matching rule counts the call."""
        chosen = None
        for fault, hits in self._rules:
            if fault.matches(method, path):
                hits.append(None)
                due = fault.nth <= len(hits) < fault.nth + fault.times
                if due and chosen is None:
                    chosen = fault
        return chosen
