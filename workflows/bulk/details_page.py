"""Current details of a bulk and of its batches, as the Temporal UI renders them."""

import json
from collections.abc import Sequence

from temporalio import workflow

from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.bulk import (
    PAUSE_UPDATE,
    RESUME_UPDATE,
    RETRY_UPDATE,
    BatchSummary,
    BulkState,
    BulkStatus,
    Counts,
    RowResult,
    RowState,
    bulk_batch_id,
)
from telegent_orchestrator.names import CANCEL_MESSAGE, STEP_KEY, onboarding_id
from workflows.support.markdown import code, format_seconds, link, table

MAX_LISTED_BATCHES = 30
MAX_LISTED_ENTRIES = 10
AVAILABLE_UPDATES = {
    BulkState.RUNNING: (PAUSE_UPDATE, CANCEL_MESSAGE),
    BulkState.PAUSED: (RESUME_UPDATE, CANCEL_MESSAGE),
    BulkState.NEEDS_OPERATOR: (RETRY_UPDATE, CANCEL_MESSAGE),
}
"""Updates that leave a state."""
SUCCEEDED = (RowState.DONE, RowState.ALREADY_DONE)


def publish(status: BulkStatus) -> None:
    """Publishes the current details of a bulk, and its state as the current step."""
    workflow.set_current_details("\n".join(_render(status)))
    if workflow.info().typed_search_attributes.get(STEP_KEY) != status.state.value:
        workflow.upsert_search_attributes([STEP_KEY.value_set(status.state.value)])


def publish_batch(rows: Sequence[RowResult]) -> None:
    """Publishes the current details of a batch: its rows that are not done."""
    succeeded = sum(row.state in SUCCEEDED for row in rows)
    lines = [f"{succeeded} of {len(rows)} rows done; the others:", ""]
    for row in rows:
        if row.state not in SUCCEEDED:
            # The onboarding's page says what it waits for.
            where = link(row.reference, onboarding_id(row.reference))
            detail = f": {escape_markdown(row.detail)}" if row.detail else ""
            lines.append(f"- row {row.row} {where} {row.state.value}{detail}")
    workflow.set_current_details("\n".join(lines))


def _render(status: BulkStatus) -> list[str]:
    counts = status.counts
    head = f"Bulk **{escape_markdown(status.reference)}** is {status.state.value}"
    lines = [f"{head}: {counts.ended} of {status.rows} rows ended"]
    if status.missing:
        lines += ["", f"✋ {status.missing} rows were not sent: send the same file again"]
    if status.retry_until:
        until = format_seconds(status.retry_until)
        retry_hint = f"**{counts.describe_unsuccessful}**: retry these rows until {until} UTC"
        lines += ["", f"✋ {retry_hint}"]
    rows = [(name.replace("_", " "), str(value)) for name, value in counts]
    lines += ["", *table(("rows", ""), rows), ""]
    lines += [f"At most {status.window} rows are open at a time.", ""]
    lines += _batch_lines(
        [batch for batch in status.batches if _needs_listing(batch.counts)], status.reference
    )
    for entry in status.timeline[-MAX_LISTED_ENTRIES:]:
        lines.append(
            f"- {format_seconds(entry.at)} {escape_markdown(f'{entry.by}: {entry.event}')}"
        )
    for update in AVAILABLE_UPDATES.get(status.state, ()):
        lines += [
            "",
            f"To {update}, send the update `{update}` with each {PLACEHOLDER} replaced:",
            "",
        ]
        lines += code(json.dumps({"by": PLACEHOLDER, "reason": PLACEHOLDER}, ensure_ascii=False))
    return lines


def _needs_listing(counts: Counts) -> bool:
    return bool(counts.running or counts.unsuccessful)


def _batch_lines(batches: Sequence[BatchSummary], reference: str) -> list[str]:
    lines = []
    for batch in batches[:MAX_LISTED_BATCHES]:
        where = link(f"batch {batch.batch}", bulk_batch_id(reference, batch.batch))
        counts = batch.counts
        unsuccessful = f", {counts.describe_unsuccessful}" if counts.unsuccessful else ""
        lines.append(f"- {where}: {counts.running} running{unsuccessful}")
    if (more := len(batches) - MAX_LISTED_BATCHES) > 0:
        lines.append(f"- and {more} more batches")
    return [*lines, ""]
