"""The benchmark of the request limit, with a short window."""

import pytest

from bench.allowance import LIMIT, Load, Measurement, Scenario


@pytest.mark.resilience
async def test_workers_of_which_one_is_replaced_send_no_more_than_the_limit() -> None:
    async with Measurement(Scenario(2, kill=True), Load.FULL_QUEUE, window=8) as measurement:
        usage = await measurement.usage()

    assert (usage.rejected, usage.most <= LIMIT, usage.tokens > 0) == (0, True, True)
    # A busy machine needs a part of so short a window to start them.
    assert usage.share > 0.5
