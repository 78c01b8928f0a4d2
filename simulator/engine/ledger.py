"""What really happened: one row per committed effect, so that a test can count duplicates."""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LedgerRow:
    """One committed effect: sequence number from 1, when, what kind, and the fields that judge it.

    Never holds a password, PIN, losing-carrier account number, token or webhook credential.
    """

    seq: int
    time: datetime
    kind: str
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The row as plain JSON values."""
        return {**asdict(self), "time": self.time.isoformat()}


@dataclass
class Ledger:
    """Append-only rows, also written to `file` as JSON lines (flushed and fsynced) when given."""

    file: Path | None = None
    rows: list[LedgerRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raises OSError at once, not at the first effect, when `file` cannot be written."""
        if self.file is not None:
            self.file.touch()

    def append(self, time: datetime, kind: str, data: dict[str, Any]) -> None:
        """Records one effect. The row is on disk before this returns, so a crash cannot hide it."""
        row = LedgerRow(len(self.rows) + 1, time, kind, data)
        self.rows.append(row)
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row.as_json()) + "\n")
                out.flush()
                os.fsync(out.fileno())

    def by_kind(self, kind: str) -> list[LedgerRow]:
        """All rows of one kind, oldest first."""
        return [row for row in self.rows if row.kind == kind]

    def count(self, kind: str) -> int:
        """How often an effect of this kind was committed."""
        return len(self.by_kind(kind))
