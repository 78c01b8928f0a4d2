"""Compare one resource in the ledger with what the onboarding reports about it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resilience.oracle.ledger import LedgerReader
from resilience.oracle.reported_state import ReportedState
from simulator import LedgerRow

_PREFIX = re.compile(r"^(T?NID|SID|TSUID)-")
"""Ids of numbers and subscribers have two prefixes each."""


def same_id(one: str, other: str | None) -> bool:
    """Whether two ids are the same, in whichever spelling the vendor writes them."""
    return other is not None and _bare(one) == _bare(other)


def _bare(vendor_id: str) -> str:
    return _PREFIX.sub("", vendor_id).lower()


@dataclass(frozen=True)
class StepRef:
    """The step that creates a resource: of the onboarding or, with `line`, of that line."""

    step: str
    line: str | None = None


@dataclass
class LedgerChecker:
    """Claims resources in the ledger one by one and records what is wrong with them."""

    ledger: LedgerReader
    reported: ReportedState
    violations: list[str] = field(default_factory=list)

    def expect_one(
        self,
        label: str,
        kind: str,
        step_ref: StepRef,
        key: Mapping[str, object],
        expected: Mapping[str, object],
        reported_id: str | None,
    ) -> str | None:
        """Check that a resource exists exactly once, with these values.

        Args:
            reported_id: The id that the onboarding reports.

        Returns:
            The id in the ledger, or None if the resource does not exist.
        """
        id_field = f"{kind.split('.')[0]}_id"
        row = self.expect_row(label, step_ref, self.ledger.claim(kind, key), id_field, reported_id)
        if row is None:
            return None
        self.check(label, row, expected)
        return str(row.data[id_field])

    def expect_unreported(
        self, label: str, kind: str, step_ref: StepRef, key: Mapping[str, object], id_field: str
    ) -> None:
        """As `expect_one`, for a resource whose id is not part of a result."""
        rows = self.ledger.claim(kind, key)
        self.expect_row(
            label, step_ref, rows, id_field, str(rows[0].data[id_field]) if rows else None
        )

    def expect_row(
        self,
        label: str,
        step_ref: StepRef,
        rows: Sequence[LedgerRow],
        id_field: str,
        reported_id: str | None,
    ) -> LedgerRow | None:
        """Return the row of a resource; record when there is none, are several, or it is
        unreported."""
        if not rows:
            self.report_missing(label, step_ref, reported_id)
            return None
        ids = [str(row.data[id_field]) for row in rows]
        same = [found for found in ids if same_id(found, reported_id)]
        evidence = self.reported.evidence.lower()
        unreported = [found for found in ids if found not in same and _bare(found) not in evidence]
        if len(ids) > 1 and unreported:
            self.violations.append(f"duplicate: {label} exists {len(ids)} times: {', '.join(ids)}")
        elif reported_id is None and unreported and not self._may_be_unreported(step_ref):
            self.violations.append(f"orphan: {label} exists as {ids[0]} and is not reported")
        if reported_id is not None and not same:
            self.violations.append(
                f"{label}: reported as {reported_id}, but {', '.join(ids)} was created"
            )
        return rows[ids.index(same[0])] if same else rows[0]

    def expect_last(
        self,
        label: str,
        kind: str,
        step_ref: StepRef,
        key: Mapping[str, object],
        expected: Mapping[str, object],
    ) -> None:
        """Check the last of several updates: only its values count."""
        rows = self.ledger.claim(kind, key)
        if rows:
            self.check(label, rows[-1], expected)
        else:
            self.report_missing(label, step_ref, None)

    def report_missing(self, label: str, step_ref: StepRef, reported_id: str | None) -> None:
        """Record what is wrong about a resource that does not exist."""
        if reported_id is not None:
            self.violations.append(f"{label}: reported as {reported_id}, which was never created")
        elif self.reported.complete or self.reported.finished(step_ref.step, step_ref.line):
            self.violations.append(
                f"lost: {label} does not exist, and step {step_ref.step} has ended"
            )
        elif not self.reported.open_escalations:
            self.violations.append(f"lost: {label} does not exist and is not escalated")

    def check(self, label: str, row: LedgerRow, expected: Mapping[str, object]) -> None:
        """Record each value of a row that differs from what is expected."""
        for name, value in expected.items():
            if row.data.get(name) != value:
                self.violations.append(f"{label}: {name} is {row.data.get(name)}, not {value}")

    def _may_be_unreported(self, step_ref: StepRef) -> bool:
        """Whether a step that is running or escalated need not report what it has created yet."""
        return bool(self.reported.open_escalations) and not self.reported.finished(
            step_ref.step, step_ref.line
        )
