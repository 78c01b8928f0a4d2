"""The adversarial vendor contradicts itself, and does not invent ends or rejections."""

from itertools import pairwise

from resilience.adversary.vendor import AdversarialVendor
from resilience.harness.sharing import sharing_customer
from telegent_orchestrator.lines import NewNumber

READS = 300


def test_open_order_never_shows_an_end_twice_running_or_a_rejection() -> None:
    vendor = AdversarialVendor(seed=1, rate_limit=50)

    shown = [vendor.carrier.shown_phase("+18015550100", "scheduled", at)[0] for at in range(READS)]

    assert {"cancelled", "complete", "acknowledged"} < set(shown)
    assert "rejected" not in shown
    ends = ("cancelled", "complete")
    assert not any(one in ends and next_one in ends for one, next_one in pairwise(shown))
    assert len(vendor.carrier.reads) == READS


def test_rejection_keeps_its_text() -> None:
    vendor = AdversarialVendor(seed=1, rate_limit=50)

    shown = [vendor.carrier.shown_phase("+18015550100", "rejected", at) for at in range(READS)]

    assert {text for phase, text in shown if phase == "rejected"} == {None}


def test_lists_are_shuffled_and_complete() -> None:
    vendor = AdversarialVendor(seed=1, rate_limit=50)
    ids = [f"PID-{at}" for at in range(20)]
    vendor.simulator.state.packages = {each: {} for each in ids}
    vendor.simulator.state.snapshot_initial()

    lists = [list(vendor.simulator.state.lagged_view().packages) for _ in range(5)]

    assert all(sorted(each) == sorted(ids) for each in lists)
    assert len({tuple(each) for each in lists}) > 1
    assert list(vendor.simulator.state.packages) == ids


def test_customers_share_an_account_and_no_sim() -> None:
    customers = [sharing_customer(at, "adversary").request for at in range(6)]
    sims = [
        line.number.iccid
        for request in customers
        for line in request.lines
        if isinstance(line.number, NewNumber) and line.number.iccid
    ]

    assert len(sims) == len(set(sims)) == 3
    assert len({request.account.model_dump_json() for request in customers[1::2]}) == 1
    assert len({request.packages[0].model_dump_json() for request in customers}) == 1
