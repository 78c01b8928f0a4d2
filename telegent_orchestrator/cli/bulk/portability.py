"""`tgo bulk check --portability`: which numbers of a file can be ported in, as Telegent says."""

from collections.abc import Callable, Sequence

from telegent_orchestrator._models import WireModel
from telegent_orchestrator._validation import name_words
from telegent_orchestrator.bulk import BulkRow
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.client.executions import mask_numbers
from telegent_orchestrator.client.portability import PortabilityClient
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.port_in_validation import find_carrier
from telegent_orchestrator.portability import NumberToCheck, Portability

CHECK_ENDED = "the check was ended before Telegent answered"


class RowPortability(WireModel):
    """What Telegent says about one number of a file.

    Attributes:
        line: The key of the line.
        phone_number: All but the last four digits are hidden.
        portable: None if Telegent did not respond.
        losing_carrier: As in the file.
        carrier: As Telegent names it.
        detail: Telegent's message, or why there is none.
    """

    row: int
    line: str
    phone_number: str
    portable: bool | None = None
    losing_carrier: str = ""
    carrier: str = ""
    detail: str = ""

    @property
    def description(self) -> str:
        """One sentence."""
        found = {True: "can be ported", False: "cannot be ported", None: "unknown"}[self.portable]
        text = f"row {self.row}, line {self.line}: {self.phone_number} {found}"
        if self.detail and not self.portable:
            text += f": {self.detail}"
        if self.carrier and self.losing_carrier and not self._is_same_carrier():
            text += f"; Telegent names the carrier {self.carrier}, the file {self.losing_carrier}"
        return text

    def _is_same_carrier(self) -> bool:
        ours, theirs = find_carrier(self.losing_carrier), find_carrier(self.carrier)
        if ours and theirs:
            return ours is theirs
        return name_words(self.losing_carrier) == name_words(self.carrier)


async def check_portability(
    session: Session, rows: Sequence[BulkRow], notify: Callable[[str], None]
) -> list[RowPortability]:
    """Ask Telegent about every number of the rows that is to be ported in.

    Args:
        session: The connection to Temporal.
        rows: The rows.
        notify: Called with what the user should know meanwhile.

    Raises:
        TimeoutError: No worker responds.
    """
    asked = [
        (row.number, line.key, line.number)
        for row in rows
        for line in row.onboarding.lines
        if isinstance(line.number, PortInNumber)
    ]
    found = await _ask([number for _, _, number in asked], session, notify)
    return [_describe(row, line, number, found) for row, line, number in asked]


async def _ask(
    numbers: Sequence[PortInNumber], session: Session, notify: Callable[[str], None]
) -> dict[str, Portability]:
    client = PortabilityClient(session.temporal, id_key=session.id_key)
    checks = client.check(
        [
            NumberToCheck(
                phone_number=number.phone_number,
                classification=number.classification,
                landline=number.port_in_date is not None,
            )
            for number in numbers
        ],
        on_unavailable=lambda _: notify("Temporal or its worker does not respond; still trying …"),
    )
    known: dict[str, Portability] = {}
    reported = set[str]()
    # The first progress comes as soon as a worker responds.
    progress = await with_timeout(anext(checks, None))
    while progress:
        known = {each.phone_number: each for each in progress.numbers}
        for call in progress.failing_calls:
            why = f"{call.failure} {call.message}"
            if why not in reported:
                notify(call.description)
            reported.add(why)
        progress = await anext(checks, None)
    return known


def _describe(
    row: int, line: str, number: PortInNumber, found: dict[str, Portability]
) -> RowPortability:
    answer = found.get(number.phone_number)
    return RowPortability(
        row=row,
        line=line,
        phone_number=mask_numbers(number.phone_number),
        portable=answer.portable if answer else None,
        losing_carrier=number.losing_carrier or "",
        carrier=answer.carrier if answer else "",
        detail=mask_numbers(answer.detail) if answer else CHECK_ENDED,
    )
