"""The oracle of an adversarial run: allowance, polls, histories, the ledger, and silence."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from resilience.harness.customer import Customer
from resilience.harness.operator_bot import OperatorBot
from resilience.oracle.invariants import check_shared_ledger, check_webhooks
from resilience.oracle.ledger import LedgerReader, without_rolled_back
from resilience.oracle.reported_state import ReportedState
from simulator import LedgerRow
from telegent_orchestrator.client import OnboardingProgress
from workflows.support.activity_calls import STALL_AFTER

SILENCE = STALL_AFTER.total_seconds() + 300.0
"""Seconds without progress or attention that count as silence."""
WATCH_INTERVAL = 20.0
MAX_HISTORY = 10_000
"""Events of one workflow; Temporal warns at 10,240."""


@dataclass
class SilenceMeter:
    """Measures for how long an onboarding has changed nothing and asked no operator.

    Attributes:
        longest: Seconds, so far.
    """

    longest: float = 0.0
    _shown: str | None = None
    _since: float = 0.0

    def look(self, shown: str, *, waits: bool, now: float) -> None:
        """Note what it shows at a time in seconds, and whether it waits for an operator."""
        if waits or shown != self._shown:
            self._shown, self._since = shown, now
        self.longest = max(self.longest, now - self._since)


@dataclass
class Entry:
    """One customer of the run.

    Attributes:
        progress: What its onboarding has reported in the end, or last.
        runs: How often it was started.
        ended: Whether it has completed.
        attention: How often it was seen to wait for an operator.
        silence: How long it was silent.
    """

    customer: Customer
    bot: OperatorBot
    progress: OnboardingProgress | None = None
    runs: int = 0
    ended: bool = False
    attention: int = 0
    silence: SilenceMeter = field(default_factory=SilenceMeter)

    def look(self, progress: OnboardingProgress) -> None:
        """Note what it shows now."""
        self.progress = progress
        waits = bool(ReportedState(progress).open_escalations)
        self.attention += waits
        self.silence.look(progress.model_dump_json(), waits=waits, now=time.monotonic())


async def watch(entries: Iterable[Entry]) -> None:
    """Read every open onboarding now and then, until cancelled."""
    while True:
        for entry in [each for each in entries if each.runs and not each.ended]:
            handle = entry.bot.orchestrator.onboarding(entry.customer.request.reference)
            with contextlib.suppress(RPCError, WorkflowQueryFailedError):
                entry.look(await handle.progress())
        await asyncio.sleep(WATCH_INTERVAL)


def silent(entries: Iterable[Entry]) -> list[str]:
    """A sentence for each onboarding that did nothing and asked no operator."""
    return [
        f"{entry.customer.request.reference}: silent for {entry.silence.longest:.0f} s"
        for entry in entries
        if entry.silence.longest > SILENCE
    ]


def check_ledger(entries: Sequence[Entry], rows: Iterable[LedgerRow]) -> list[str]:
    """What is doubled, lost, wrong, stuck, or was never requested."""
    ledger = LedgerReader(without_rolled_back(rows))
    violations = check_webhooks(ledger)
    for entry in entries:
        request = entry.customer.request
        if entry.progress is None:
            violations.append(f"{request.reference}: never reported anything")
            continue
        report = check_shared_ledger(request, ledger, entry.progress, entry.customer.rejections)
        found = [*report.violations, *(f"waits in the end: {w}" for w in report.escalations)]
        violations += [f"{request.reference}: {what}" for what in found]
    return violations + ledger.unclaimed


async def largest_histories(temporal: Client) -> dict[str, int]:
    """The most events of a workflow, by type."""
    largest: Counter[str] = Counter()
    async for execution in temporal.list_workflows(""):
        kind = execution.workflow_type
        largest[kind] = max(largest[kind], execution.history_length or 0)
    return dict(largest)
