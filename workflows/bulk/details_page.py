"""Current details of a bulk and of its parts, as the Temporal UI draws them."""

import json
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from telegent_orchestrator._models import OPEN
from telegent_orchestrator.bulk import (
    PAUSE_UPDATE,
    RESUME_UPDATE,
    RETRY_UPDATE,
    BulkState,
    BulkStatus,
    Counts,
    PartBrief,
    RowResult,
    RowState,
    bulk_part_id,
)
from telegent_orchestrator.names import CANCEL_UPDATE, STEP_ATTRIBUTE, onboarding_id
from workflows.support.markdown import code, link, plain, second, table

STEP = SearchAttributeKey.for_keyword(STEP_ATTRIBUTE)
MOST_PARTS = 30
LATEST = 10
WAYS = {
    BulkState.RUNNING: (PAUSE_UPDATE, CANCEL_UPDATE),
    BulkState.PAUSED: (RESUME_UPDATE, CANCEL_UPDATE),
    BulkState.NEEDS_PERSON: (RETRY_UPDATE, CANCEL_UPDATE),
}
"""Updates that a state can be left with."""
WELL = (RowState.DONE, RowState.ALREADY_DONE)


def show(status: BulkStatus) -> None:
    """Writes the current details of a bulk, and its state to the search attribute of steps."""
    workflow.set_current_details("\n".join(_page(status)))
    if workflow.info().typed_search_attributes.get(STEP) != status.state.value:
        workflow.upsert_search_attributes([STEP.value_set(status.state.value)])


def show_part(rows: Sequence[RowResult]) -> None:
    """Writes the current details of a part: its rows, those apart that are done."""
    well = sum(row.state in WELL for row in rows)
    lines = [f"{well} of {len(rows)} rows are done; the others:", ""]
    for row in rows:
        if row.state not in WELL:
            # The link leads to the row's own page, where what it waits for stands.
            where = link(row.reference, onboarding_id(row.reference))
            said = f": {plain(row.detail)}" if row.detail else ""
            lines.append(f"- row {row.row} {where} {row.state.value}{said}")
    workflow.set_current_details("\n".join(lines))


def _page(status: BulkStatus) -> list[str]:
    counts = status.counts
    head = f"Bulk **{plain(status.reference)}** is {status.state.value}"
    lines = [f"{head}: {counts.ended} of {status.rows} rows have ended"]
    if status.missing:
        lines += ["", f"✋ {status.missing} rows have not been sent yet: send the same file again"]
    if status.retry_until:
        until = second(status.retry_until)
        rows_left = f"**{counts.not_well_in_words}**: start these rows again until {until} UTC"
        lines += ["", f"✋ {rows_left}"]
    rows = [(name.replace("_", " "), str(value)) for name, value in counts]
    lines += ["", *table(("rows", ""), rows), ""]
    lines += [f"At most {status.window} are open at a time.", ""]
    lines += _parts([part for part in status.parts if _worth_a_look(part.counts)], status.reference)
    for entry in status.timeline[-LATEST:]:
        lines.append(f"- {second(entry.at)} {plain(entry.by)}: {plain(entry.what)}")
    for update in WAYS.get(status.state, ()):
        lines += ["", f"To {update.removeprefix('request_')}, send the update `{update}`:", ""]
        lines += code(json.dumps({"by": OPEN, "reason": OPEN}, ensure_ascii=False))
    return lines


def _worth_a_look(counts: Counts) -> bool:
    return bool(counts.running or counts.not_well)


def _parts(parts: Sequence[PartBrief], reference: str) -> list[str]:
    lines = []
    for part in parts[:MOST_PARTS]:
        where = link(f"part {part.part}", bulk_part_id(reference, part.part))
        counts = part.counts
        not_well = f", {counts.not_well_in_words}" if counts.not_well else ""
        lines.append(f"- {where}: {counts.running} running{not_well}")
    if more := len(parts) - MOST_PARTS:
        lines += [f"- and {more} parts more"] * (more > 0)
    return [*lines, ""]
