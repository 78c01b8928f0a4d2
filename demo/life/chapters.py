"""The chapters of the story: each a change of the line, and what it must cause, exactly once."""

from collections import Counter
from dataclasses import dataclass

from demo.summary import expected_effects
from telegent_orchestrator.events import EventType
from telegent_orchestrator.line_changes import (
    ChangePlan,
    End,
    LineChange,
    Restore,
    Suspend,
    SwapSim,
    WinBack,
)
from telegent_orchestrator.lines import DataLimits
from telegent_orchestrator.onboarding import OnboardingRequest

CHANGED = (EventType.LINE_CHANGE_COMPLETED,)
BIGGER_LIMIT = DataLimits(limit_mb=20000)


@dataclass(frozen=True)
class Chapter:
    """A part of the story.

    Attributes:
        title: What happens.
        command: The command of `tgo` that does the same.
        effects: What stands in the simulator's ledger afterwards, by the names of `Effect`.
        events: The types of the events that are sent.
    """

    title: str
    command: str
    effects: Counter[str]
    events: Counter[str]

    def deviations(self, effects: Counter[str], events: Counter[str]) -> list[str]:
        """Say where ledger and events differ from the chapter, a sentence for each."""
        return [
            f"{name}: {actual[name]} times {where}, not {told[name]}"
            for where, told, actual in (
                ("in the ledger", self.effects, effects),
                ("as event", self.events, events),
            )
            for name in told | actual
            if told[name] != actual[name]
        ]


@dataclass(frozen=True)
class ChangeChapter(Chapter):
    """A chapter that is a line change, with its reason."""

    change: LineChange
    reason: str


def first_chapter(request: OnboardingRequest, file: str) -> Chapter:
    """The onboarding of the line."""
    effects = Counter(expected_effects(request))
    effects["data_limits.set: 5000 MB"] = effects["renewal.set"] = 1
    return Chapter(
        "A line goes live",
        f"tgo start {file}",
        effects,
        Counter(
            [EventType.LINE_IN_SERVICE, EventType.LINE_CHANGED, EventType.ONBOARDING_COMPLETED]
        ),
    )


def _chapter(
    title: str,
    command: str,
    change: LineChange,
    reason: str,
    *effects: str,
    events: tuple[EventType, ...] = CHANGED,
) -> ChangeChapter:
    command = f"tgo line {command} --reason '{reason}'"
    return ChangeChapter(title, command, Counter(effects), Counter(events), change, reason)


def change_chapters(number: str, small: str, big: str) -> list[ChangeChapter]:
    """What becomes of the line with this number. `small`, `big`: ids of its packages."""
    return [
        _chapter(
            "It is suspended for non-payment",
            f"suspend {number}",
            Suspend(kind="suspend"),
            "the invoice is unpaid",
            "number.status_changed: park",
        ),
        _chapter(
            "It is restored",
            f"restore {number}",
            Restore(kind="restore"),
            "the invoice is paid",
            "number.status_changed: activate",
        ),
        _chapter(
            "It gets a new eSIM",
            f"swap-sim {number} --authentication call-4711",
            SwapSim(kind="swap_sim", authentication_reference="call-4711"),
            "a new phone",
            "number.status_changed: swap-sim",
            "subscription.updated: ICCID",
            events=(EventType.LINE_CHANGE_STARTED, *CHANGED),
        ),
        _chapter(
            "It moves to a bigger plan",
            f"plan {number} --package {big} --limit-mb {BIGGER_LIMIT.limit_mb}",
            ChangePlan(kind="plan", package_id=big, data_limits=BIGGER_LIMIT),
            "a bigger plan",
            "subscription.updated: PackageId",
            f"data_limits.set: {BIGGER_LIMIT.limit_mb} MB",
        ),
        *_end_and_win_back(number, small),
    ]


def _end_and_win_back(number: str, package: str) -> list[ChangeChapter]:
    return [
        _chapter(
            "It ends",
            f"end {number}",
            End(kind="end"),
            "the subscriber leaves",
            "subscription.deleted",
            "number.status_changed: cancel",
        ),
        _chapter(
            "It is won back",
            f"win-back {number} --package {package}",
            WinBack(kind="win_back", package_id=package),
            "the subscriber is back",
            "number.reactivated",
            "subscription.created",
        ),
    ]
