"""The story of one line: each change, what it did at Telegent, and the events next to it."""

import time
from collections import Counter
from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowFailureError

from demo.life.chapters import ChangeChapter, Chapter, change_chapters, first_chapter
from demo.life.event_log import EventLog
from demo.summary import print_esim
from devstack.child_process import StackError, http_get
from devstack.stack import new_run_directory
from devstack.supervised_stack import SupervisedStack, supervised_stack
from telegent_orchestrator.cli.live import monotonic_at
from telegent_orchestrator.client import (
    LineChangeClient,
    LineChangeFailedError,
    OnboardingIncompleteError,
)
from telegent_orchestrator.events import Event
from telegent_orchestrator.line_changes import LineChangeRequest, LineChangeResult
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult

EVENT_PREFIX = "com.telegent-orchestrator."
LEDGER_WIDTH = 34
"""Of the column, so that all chapters are aligned."""
T = TypeVar("T")


class EffectData(BaseModel):
    """What names an effect whose kind means several things."""

    change: str = ""
    fields: list[str] = []
    LimitValue: int | None = None
    ValueUnit: str = ""


class Effect(BaseModel):
    """A row of the simulator's ledger."""

    time: datetime
    kind: str
    data: EffectData

    @property
    def name(self) -> str:
        """The kind, and where one kind means several things, which of them."""
        data = self.data
        match self.kind:
            case "number.status_changed":
                return f"{self.kind}: {data.change}"
            case "subscription.updated":
                return f"{self.kind}: {', '.join(data.fields)}"
            case "data_limits.set":
                return f"{self.kind}: {data.LimitValue} {data.ValueUnit}"
        return self.kind


async def tell_life(
    console: Console, request: OnboardingRequest, file: str, started: float
) -> bool:
    """Start the stack, tell the story, and stop the stack.

    Args:
        console: Where the story is shown.
        request: The onboarding of one line, with the packages `small` and `big`.
        file: The name of the request's file.
        started: `time.monotonic()` at the start of the process.

    Returns:
        Whether every change took effect at Telegent exactly once, and was announced.

    Raises:
        StackError: A process failed, or a change did.
    """

    def notify(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    log = EventLog()
    with log.listening() as url:
        settings = {"TELEGENT_EVENT_URLS": url, "TELEGENT_EVENT_SECRET": log.secret}
        async with supervised_stack(
            new_run_directory("life"), notify=notify, settings=settings
        ) as stack:
            notify("The simulator stands in for Telegent; its ledger records what took effect.")
            notify(f"Temporal UI, until the story ends: {stack.ui_url}")
            return await stack.run(Story(console, stack, log, started).tell(request, file))


class Story:
    """The story while it is told."""

    def __init__(
        self, console: Console, stack: SupervisedStack, log: EventLog, started: float
    ) -> None:
        self._console = console
        self._stack = stack
        self._log = log
        self._started = started
        self._shown_effects = 0
        self._shown_events: set[str] = set()
        self._chapters = 0
        self._deviations = 0

    async def tell(self, request: OnboardingRequest, file: str) -> bool:
        """Tell all chapters; returns whether each went as it must."""
        result = await self._tell(first_chapter(request, file), self._onboard(request))
        number = result.lines[0].phone_number
        assert number is not None, "an onboarding that is complete has a number for each line"
        packages = result.package_ids
        for chapter in change_chapters(number, packages["small"], packages["big"]):
            change = await self._tell(chapter, self._change(number, chapter))
            if change.activation_code:
                print_esim(self._console, change.activation_code)
        return self._end(number)

    async def _onboard(self, request: OnboardingRequest) -> OnboardingResult:
        handle = await self._stack.orchestrator.start_onboarding(request)
        try:
            return await handle.result()
        except (OnboardingIncompleteError, WorkflowFailureError) as error:
            raise StackError(f"the onboarding failed: {error}") from error

    async def _change(self, number: str, chapter: ChangeChapter) -> LineChangeResult:
        changes = LineChangeClient(self._stack.client, id_key=self._stack.id_key)
        handle = await changes.start(
            LineChangeRequest(
                phone_number=number, change=chapter.change, by="demo", reason=chapter.reason
            )
        )
        try:
            return await handle.result()
        except (LineChangeFailedError, WorkflowFailureError) as error:
            raise StackError(f"{chapter.change.kind} failed: {error}") from error

    async def _tell(self, chapter: Chapter, work: Awaitable[T]) -> T:
        """Does what the chapter tells, and shows what it caused."""
        self._chapters += 1
        self._console.print(f"\n{self._chapters}. {chapter.title}", style="bold", highlight=False)
        self._console.print(
            f"   {chapter.command}", style="dim", markup=False, highlight=False, soft_wrap=True
        )
        with self._console.status("working …"):
            result = await work
            await self._log.wait_until(lambda _: not self._missing_events(chapter))
        await self._show(chapter)
        return result

    def _new_events(self) -> list[Event]:
        return [event for event in self._log.events if event.id not in self._shown_events]

    def _missing_events(self, chapter: Chapter) -> Counter[str]:
        return chapter.events - Counter(event.type for event in self._new_events())

    async def _show(self, chapter: Chapter) -> None:
        """Shows ledger and events side by side, and says what differs from the chapter."""
        ledger = await http_get(f"{self._stack.simulator_url}/_sim/ledger")
        rows = TypeAdapter(list[Effect]).validate_json(ledger)
        effects, events = rows[self._shown_effects :], self._new_events()
        self._shown_effects = len(rows)
        self._shown_events |= {event.id for event in events}
        table = Table("", box=None, padding=(0, 2))
        table.add_column("Telegent's ledger", min_width=LEDGER_WIDTH)
        table.add_column("events")
        entries = [
            *((effect.time, effect.name, "") for effect in effects),
            *((event.time, "", _event_text(event)) for event in events),
        ]
        for at, effect, event in sorted(entries):
            seconds = monotonic_at(at) - self._started
            table.add_row(f"{seconds:5.1f} s", effect, event)
        self._console.print(table)
        deviations = chapter.deviations(
            Counter(effect.name for effect in effects), Counter(event.type for event in events)
        )
        for deviation in deviations:
            self._console.print(f"   {deviation}", style="bold red", highlight=False)
        self._deviations += len(deviations)

    def _end(self, number: str) -> bool:
        seconds = time.monotonic() - self._started
        self._console.print(
            "\nThe demo stops its processes now. Next: make up keeps such a stack running, and "
            "docs/how-to/line-changes.md explains each change.",
            highlight=False,
            soft_wrap=True,
        )
        if self._deviations:
            text, style = f"NOT as told: {self._deviations} deviations, see above", "bold red"
        else:
            text = (
                f"The life of {number}: {self._shown_effects} effects at Telegent, each exactly "
                f"once, and {len(self._shown_events)} events"
            )
            style = "bold green"
        self._console.print(
            f"{text}, in {seconds:.0f} s", style=style, highlight=False, soft_wrap=True
        )
        return not self._deviations


def _event_text(event: Event) -> str:
    change = f" ({event.data.change})" if event.data.change else ""
    return f"{event.type.removeprefix(EVENT_PREFIX)}{change}"
