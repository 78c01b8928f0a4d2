"""How one thing is weighed: what the ledger holds of it, against what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resilience.oracle.ledger import Books
from resilience.oracle.reported_state import Said
from simulator import LedgerRow


@dataclass(frozen=True)
class Place:
    """Where a thing is made: a step of the onboarding or, with `line`, of that line."""

    step: str
    line: str | None = None


@dataclass
class Weighing:
    """Takes things out of the books one by one, and writes down what is wrong with them."""

    books: Books
    said: Said
    wrong: list[str] = field(default_factory=list)

    def thing(
        self,
        what: str,
        kind: str,
        place: Place,
        key: Mapping[str, object],
        facts: Mapping[str, object],
        said: str | None,
    ) -> str | None:
        """The ledger's id of a thing that must be there once, with these facts.

        `said`: the id that the onboarding gives.
        """
        id_field = f"{kind.split('.')[0]}_id"
        row = self.one(what, place, self.books.take(kind, key), id_field, said)
        if row is None:
            return None
        self.check(what, row, facts)
        return str(row.data[id_field])

    def nameless(
        self, what: str, kind: str, place: Place, key: Mapping[str, object], id_field: str
    ) -> None:
        """As `thing`, for what has no id in a result."""
        rows = self.books.take(kind, key)
        self.one(what, place, rows, id_field, str(rows[0].data[id_field]) if rows else None)

    def one(
        self, what: str, place: Place, rows: Sequence[LedgerRow], id_field: str, said: str | None
    ) -> LedgerRow | None:
        """The row of a thing; says what is wrong with none, several, or an untold one."""
        if not rows:
            self.miss(what, place, said)
            return None
        ids = [str(row.data[id_field]) for row in rows]
        unnamed = [found for found in ids if found != said and found not in self.said.evidence]
        if len(ids) > 1 and unnamed:
            self.wrong.append(f"doubled: {what} is there {len(ids)} times: {', '.join(ids)}")
        elif said is None and unnamed and not self._may_be_untold(place):
            self.wrong.append(f"orphan: {what} is there as {ids[0]}, and nobody is told")
        if said is not None and said not in ids:
            self.wrong.append(f"{what}: said to be {said}, but {', '.join(ids)} was made")
        return rows[ids.index(said)] if said in ids else rows[0]

    def last_set(
        self,
        what: str,
        kind: str,
        place: Place,
        key: Mapping[str, object],
        facts: Mapping[str, object],
    ) -> None:
        """Something that was set, perhaps several times: the last time counts."""
        rows = self.books.take(kind, key)
        if rows:
            self.check(what, rows[-1], facts)
        else:
            self.miss(what, place, None)

    def miss(self, what: str, place: Place, said: str | None) -> None:
        """Says what is wrong with a thing that is not there."""
        if said is not None:
            self.wrong.append(f"{what}: said to be {said}, which was never made")
        elif self.said.complete or self.said.finished(place.step, place.line):
            self.wrong.append(f"lost: {what} is not there, and {place.step} has ended")
        elif not self.said.waits:
            self.wrong.append(f"lost: {what} is not there, and nobody is asked")

    def check(self, what: str, row: LedgerRow, facts: Mapping[str, object]) -> None:
        """Says in which facts a row is wrong."""
        for name, wish in facts.items():
            if row.data.get(name) != wish:
                self.wrong.append(f"{what}: {name} is {row.data.get(name)}, not {wish}")

    def _may_be_untold(self, place: Place) -> bool:
        """A step that is at it, or asks about it, need not name yet what it has made."""
        return bool(self.said.waits) and not self.said.finished(place.step, place.line)
