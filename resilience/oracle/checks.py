"""How one thing is weighed: what the ledger holds of it, against what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resilience.oracle.ledger import LedgerReader
from resilience.oracle.reported_state import ReportedState
from simulator import LedgerRow


@dataclass(frozen=True)
class StepRef:
    """Where a thing is made: a step of the onboarding or, with `line`, of that line."""

    step: str
    line: str | None = None


@dataclass
class LedgerChecker:
    """Takes things out of the books one by one, and writes down what is wrong with them."""

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
        """The ledger's id of a thing that must be there once, with these facts.

        `reported_id`: the id that the onboarding gives.
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
        """As `expect_one`, for what has no id in a result."""
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
        """The row of a thing; says what is wrong with none, several, or an untold one."""
        if not rows:
            self.report_missing(label, step_ref, reported_id)
            return None
        ids = [str(row.data[id_field]) for row in rows]
        unreported = [
            found for found in ids if found != reported_id and found not in self.reported.evidence
        ]
        if len(ids) > 1 and unreported:
            self.violations.append(
                f"duplicate: {label} is there {len(ids)} times: {', '.join(ids)}"
            )
        elif reported_id is None and unreported and not self._may_be_unreported(step_ref):
            self.violations.append(f"orphan: {label} is there as {ids[0]}, and nobody is told")
        if reported_id is not None and reported_id not in ids:
            self.violations.append(
                f"{label}: said to be {reported_id}, but {', '.join(ids)} was made"
            )
        return rows[ids.index(reported_id)] if reported_id in ids else rows[0]

    def expect_last(
        self,
        label: str,
        kind: str,
        step_ref: StepRef,
        key: Mapping[str, object],
        expected: Mapping[str, object],
    ) -> None:
        """Something that was set, perhaps several times: the last time counts."""
        rows = self.ledger.claim(kind, key)
        if rows:
            self.check(label, rows[-1], expected)
        else:
            self.report_missing(label, step_ref, None)

    def report_missing(self, label: str, step_ref: StepRef, reported_id: str | None) -> None:
        """Says what is wrong with a thing that is not there."""
        if reported_id is not None:
            self.violations.append(f"{label}: said to be {reported_id}, which was never made")
        elif self.reported.complete or self.reported.finished(step_ref.step, step_ref.line):
            self.violations.append(f"lost: {label} is not there, and {step_ref.step} has ended")
        elif not self.reported.open_escalations:
            self.violations.append(f"lost: {label} is not there, and nobody is asked")

    def check(self, label: str, row: LedgerRow, expected: Mapping[str, object]) -> None:
        """Says in which facts a row is wrong."""
        for name, value in expected.items():
            if row.data.get(name) != value:
                self.violations.append(f"{label}: {name} is {row.data.get(name)}, not {value}")

    def _may_be_unreported(self, step_ref: StepRef) -> bool:
        """A step that is at it, or asks about it, need not name yet what it has made."""
        return bool(self.reported.open_escalations) and not self.reported.finished(
            step_ref.step, step_ref.line
        )
