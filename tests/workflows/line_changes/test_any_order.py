"""Line changes in random order, with faults, judged by the simulator's ledger."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from simulator import Fault
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError
from tests.harness import Harness
from tests.harness.line_changes import STATUS, put_in_service, start
from tests.harness.tiers import sampled
from tests.harness.waiting import TEST_TIMEOUT

LIMITS = {"data_limits": {"limit_mb": 5000}, "renewal": {"every": "week", "day": 2}}
CHANGES: dict[str, tuple[dict[str, Any], Callable[[Number], bool]]] = {
    "suspend": ({}, lambda number: number.status != "Active"),
    "restore": ({}, lambda number: number.status == "Active"),
    "limits": (LIMITS, lambda number: number.data_limits["LimitValue"] == 5000),
    "swap_sim": (
        {"authentication_reference": "call-4711"},
        lambda number: number.iccid is not None,
    ),
    "end": ({}, lambda number: number.cancelled_at is not None),
    "win_back": ({}, lambda number: number.status == "Active"),
}
"""Each kind with its values, and what is true of the number when it is done."""
WRITES = (STATUS, "POST /v1.0/numbers/reactivate", "POST /v1.0/numbers/data-usage")
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before")


@pytest.mark.parametrize("seed", sampled(*range(1, 9)))
async def test_in_any_order_each_change_takes_effect_once_or_not_at_all(
    harness: Harness, seed: int
) -> None:
    chance, number = random.Random(seed), put_in_service(harness)
    done = 0
    for _ in range(10):
        kind = chance.choice(list(CHANGES))
        if chance.random() < 0.5:
            fault = Fault(match=chance.choice(WRITES), kind=chance.choice(FAULTS), retry_after=0)
            harness.telegent.faults.add(fault)
        values, holds = CHANGES[kind]
        before = len(harness.telegent.ledger.rows)
        try:
            async with asyncio.timeout(TEST_TIMEOUT):
                await (await start(harness, kind, **values)).result()
        except LineChangeFailedError:
            effects = 0
        else:
            assert holds(number), kind
            effects, done = 1, done + 1

        new = harness.telegent.ledger.rows[before:]
        made = Counter((row.kind, str(row.data.get("change"))) for row in new)
        assert max(made.values(), default=0) <= effects, (kind, made)
    assert done
