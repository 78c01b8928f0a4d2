"""The ledger: one row per committed effect, so that tests can count duplicates."""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LedgerRow:
    """One committed effect, without passwords, PINs, account numbers, tokens and credentials.

    Attributes:
        seq: Sequence number, from 1.
        time: When it took effect.
        kind: What happened, e.g. `number.provisioned`.
        data: The fields that identify it.
    """

    seq: int
    time: datetime
    kind: str
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {**asdict(self), "time": self.time.isoformat()}


@dataclass
class Ledger:
    """Append-only rows, which are also written to `file` as JSON lines, if there is one."""

    file: Path | None = None
    rows: list[LedgerRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise OSError now, and not at the first effect, if `file` cannot be written."""
        if self.file is not None:
            self.file.touch()

    def append(self, time: datetime, kind: str, data: dict[str, Any]) -> None:
        """Record one effect. It is on disk when this returns, so that a crash cannot lose it."""
        row = LedgerRow(len(self.rows) + 1, time, kind, data)
        self.rows.append(row)
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row.as_json()) + "\n")
                out.flush()
                os.fsync(out.fileno())

    def by_kind(self, kind: str) -> list[LedgerRow]:
        """Return all rows of one kind, oldest first."""
        return [row for row in self.rows if row.kind == kind]

    def count(self, kind: str) -> int:
        """Return the number of effects of one kind."""
        return len(self.by_kind(kind))
