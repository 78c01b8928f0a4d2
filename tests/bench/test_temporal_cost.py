"""What onboardings and port-ins cost at Temporal: Actions, counted in their histories."""

import pytest
from temporalio.client import Client

from bench.port_in_cost import measure
from bench.temporal_cost import cost_with_children
from bench.throughput.request import two_new_lines
from tests.harness import Harness


async def test_new_lines_cost_little_more_than_their_vendor_calls(harness: Harness) -> None:
    first = await harness.onboard(two_new_lines("first"))
    await first.result()
    created = await cost_with_children(harness.temporal, first.id)
    known = two_new_lines("first").model_copy(update={"reference": "second"})
    known.subscribers = two_new_lines("second").subscribers
    second = await harness.onboard(known)
    await second.result()
    shared = await cost_with_children(harness.temporal, second.id)

    # Vendor calls: 26, with a product and a package that did not exist; 24 without. One activity
    # prepares the onboarding.
    assert created.kinds["activity"] == 27
    assert created.actions <= 43
    assert shared.kinds["activity"] == 25
    assert shared.actions <= 35


@pytest.mark.parametrize(
    ("days", "hints", "limit"), [(5, False, 12), (5, True, 15), (30, True, 15)]
)
async def test_port_in_costs_little_more_than_its_polls(
    temporal: Client, days: int, hints: bool, limit: int
) -> None:
    found = await measure(temporal, days, hints=hints)

    assert found.temporal.actions - found.polls <= limit
