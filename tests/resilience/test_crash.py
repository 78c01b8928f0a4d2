"""A handful of crashes, side by side: most of their time is one wait for a time-out."""

import random
from pathlib import Path

import pytest

from resilience.crash.cases import Crash, Kind, every_crash
from resilience.crash.sweep import sweep
from resilience.oracle.invariants import Verdict

SEED = 4
HANDFUL = {Kind.WORKER_KILLED: 2, Kind.WORKER_STOPPED: 1, Kind.SERVER_KILLED: 2}


@pytest.mark.timeout(1200)
async def test_nothing_is_lost_and_nothing_doubled_in_a_crash(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    chosen = [
        crash
        for kind, count in HANDFUL.items()
        for crash in chance.sample([c for c in every_crash() if c.kind is kind], count)
    ]
    verdicts: dict[Crash, Verdict] = {}
    await sweep(chosen, directory=tmp_path, seed=SEED, lanes=len(chosen), done=verdicts.__setitem__)
    assert len(verdicts) == len(chosen)
    assert {str(crash): v.wrong for crash, v in verdicts.items() if v.state == "breach"} == {}
