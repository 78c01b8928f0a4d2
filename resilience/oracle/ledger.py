"""The simulator's ledger as the oracle reads it: each check claims rows until none remain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from simulator import LedgerRow

SHARED_KINDS = ("product.created", "package.created", "package_item.created")
"""Resources of the catalogue, which all accounts share by SKU and by name."""


_RELATED = {"guardian.relation_deleted": "guardian.related"}


def without_rolled_back(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """The rows without resources that were deleted, and without bought numbers that were cancelled.

    An onboarding that is terminated cancels its lines, which roll back what they have created.
    """
    left = list(rows)
    for row in list(left):
        if row.kind.endswith("deleted"):
            created = _RELATED.get(row.kind, row.kind.replace(".deleted", ".created"))
            gone = [row, *(each for each in left if (each.kind, each.data) == (created, row.data))]
            left = [each for each in left if each not in gone]
        elif row.kind == "number.status_changed" and row.data["change"] == "cancel":
            number = row.data["number"]
            bought = any(
                each.kind == "number.provisioned" and each.data["number"] == number for each in left
            )
            left = [each for each in left if not bought or each.data.get("number") != number]
    return left


class LedgerReader:
    """Ledger rows by kind. Rows that no check claims are `unclaimed`."""

    def __init__(self, rows: Iterable[LedgerRow]) -> None:
        self._rows: dict[str, list[LedgerRow]] = defaultdict(list)
        self._shared: list[LedgerRow] = []
        for row in rows:
            self._rows[row.kind].append(row)

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> "LedgerReader":
        """Build it from the lines of a ledger file, or from the response of `GET /_sim/ledger`."""
        return cls(
            LedgerRow(row["seq"], datetime.fromisoformat(row["time"]), row["kind"], row["data"])
            for row in rows
        )

    def claim(
        self, kind: str, key: Mapping[str, object], limit: int | None = None
    ) -> list[LedgerRow]:
        """Remove and return the rows of a kind whose data have these values, oldest first.

        Rows of SHARED_KINDS can be claimed by each request that names the resource.
        """
        same = [row for row in self._rows[kind] if key.items() <= row.data.items()]
        if kind in SHARED_KINDS:
            shared = [row for row in self._shared if row.kind == kind]
            self._shared += same
            return [row for row in shared if key.items() <= row.data.items()] + self._remove(same)
        mine = same[:limit]
        return self._remove(mine)

    def _remove(self, claimed: list[LedgerRow]) -> list[LedgerRow]:
        for row in claimed:
            self._rows[row.kind].remove(row)
        return claimed

    @property
    def unclaimed(self) -> list[str]:
        """A sentence for each effect that no request asked for."""
        left = sorted((row for rows in self._rows.values() for row in rows), key=lambda r: r.seq)
        return [f"not requested: {row.kind} {_describe(row.data)}" for row in left]


def _describe(data: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in data.items() if value is not None)
