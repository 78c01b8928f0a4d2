"""A handful of crashes, side by side: most of their time is one wait for a time-out."""

import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from resilience.crash.cases import all_crashes, run_crash
from resilience.crash.injection import CrashKind
from resilience.crash.line_changes import (
    CHANGES,
    PRELUDES,
    all_line_change_crashes,
    find_boundaries,
    run_line_change_crash,
)
from resilience.crash.sweep import C, sweep
from resilience.oracle.invariants import InvariantReport

pytestmark = pytest.mark.resilience

SEED = 4
HANDFUL = {CrashKind.WORKER_KILLED: 2, CrashKind.WORKER_SUSPENDED: 1, CrashKind.SERVER_KILLED: 2}


@pytest.mark.timeout(1200)
async def test_crashes_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    chosen = [
        crash
        for kind, count in HANDFUL.items()
        for crash in rng.sample([c for c in all_crashes() if c.kind is kind], count)
    ]
    await assert_nothing_is_violated(run_crash, chosen, tmp_path)


@pytest.mark.timeout(1200)
async def test_crashes_of_line_changes_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    boundaries = await find_boundaries(tmp_path / "without")
    assert {boundary.change for boundary in boundaries} == CHANGES.keys() | PRELUDES.keys()
    writes = [
        crash
        for crash in all_line_change_crashes(boundaries)
        if crash.boundary.call.startswith("POST") and crash.kind is CrashKind.WORKER_KILLED
    ]
    chosen = random.Random(SEED).sample(writes, 4)
    await assert_nothing_is_violated(run_line_change_crash, chosen, tmp_path)


async def assert_nothing_is_violated(
    run: Callable[[C, Path, random.Random], Awaitable[InvariantReport]],
    crashes: Sequence[C],
    directory: Path,
) -> None:
    """Run these crashes, all at a time."""
    reports: dict[C, InvariantReport] = {}
    await sweep(
        run,
        crashes,
        directory=directory,
        seed=SEED,
        lanes=len(crashes),
        on_result=reports.__setitem__,
    )
    assert len(reports) == len(crashes)
    assert {
        str(crash): v.violations for crash, v in reports.items() if v.state == "violation"
    } == {}
