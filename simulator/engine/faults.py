"""Fault injection: rules that make chosen requests fail as networks and gateways do."""

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
    "report_failure",
    "401",
]


def matches(pattern: str, method: str | None, path: str) -> bool:
    """Whether a pattern such as "POST /v1.0/numbers/*" matches a request; without method: any."""
    expected_method, _, expected_path = pattern.rpartition(" ")
    same_method = not expected_method or method is None or expected_method.upper() == method
    return same_method and fnmatchcase(path.lower(), expected_path.lower())


class Fault(BaseModel):
    """A fault for requests that match, from the `nth` on (1-based), `times` in a row.

    Attributes:
        match: Path pattern with `*` and `?`, optionally after a method, without regard to case:
            "POST /v1.0/numbers/*".
        kind: Not executed: `refuse_connection` closes the connection, `error_before` responds with
            `status`, `429` with `retry_after` seconds, and `401`. Executed: `drop_response` cuts
            the connection, `error_after` responds with `status`, `broken_json`, `html` and `empty`
            respond 200 without a usable body, and `report_failure` adds an ErrorMessage to the
            response; these four leave a rejection as it is. `delay_response` and `delay_effect`
            wait `seconds` after or before the request is executed.
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
        """Whether this rule matches a request."""
        return matches(self.match, method, path)


@dataclass
class FaultInjector:
    """The active rules. Each counts the requests that it matches."""

    _rules: list[tuple[Fault, list[None]]] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Activate a rule; its count starts now."""
        self._rules.append((fault, []))

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def next(self, method: str, path: str) -> Fault | None:
        """Return the rule that applies to this request, if any. All matching rules count it."""
        chosen = None
        for fault, hits in self._rules:
            if fault.matches(method, path):
                hits.append(None)
                due = fault.nth <= len(hits) < fault.nth + fault.times
                if due and chosen is None:
                    chosen = fault
        return chosen
