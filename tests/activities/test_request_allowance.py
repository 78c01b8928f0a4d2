"""Who is permitted to send what, with a clock of the test's own."""

import pytest

from activities.request_allowance import (
    GRACE,
    HORIZON,
    VALIDITY,
    AllowanceLedger,
    Lease,
    LeaseRequest,
    PermitReport,
    Rejection,
)
from telegent import Allowance
from telegent_orchestrator.request_allowance import LimitCommand

NOW = 1_000_000.0


def lease(ledger: AllowanceLedger, now: float, wanted: int = 0, **more: object) -> Lease:
    fields = {"requests_per_minute": 50, "window": 60, "wanted": wanted} | more
    return ledger.lease(LeaseRequest.model_validate(fields), now)


def new_ledger() -> AllowanceLedger:
    return AllowanceLedger(Allowance(50))


def permitted(found: Lease) -> int:
    return sum(each.count for each in found.permits)


def used(found: Lease, count: int = 1) -> list[PermitReport]:
    return [PermitReport(id=each.id, used=count) for each in found.permits]


def test_no_more_is_permitted_than_may_be_sent_soon() -> None:
    ledger = new_ledger()
    found = lease(ledger, NOW, wanted=50)
    # A burst of twenty, and one every 2 s within the horizon.
    assert [each.after for each in found.permits] == pytest.approx(
        [0.0] * 20 + [2.0 * at for at in range(1, 8)], abs=1e-6
    )
    assert max(each.after for each in found.permits) <= 60 * HORIZON
    nothing = lease(ledger, NOW, wanted=1)
    assert permitted(nothing) == 0
    assert nothing.retry_in == pytest.approx(16 - 0.6, abs=1e-6)


def test_unused_permits_are_for_others_again() -> None:
    ledger = new_ledger()
    first = lease(ledger, NOW, wanted=10)
    assert permitted(lease(ledger, NOW, wanted=1, reports=used(first, 0))) == 1
    assert ledger.status(NOW).leased == 1


def test_lost_permits_count_as_used_as_late_as_they_could_be() -> None:
    ledger = new_ledger()
    lost = lease(ledger, NOW, wanted=10)
    latest = 60 * (VALIDITY + GRACE)
    assert all(each.until == pytest.approx(60 * VALIDITY) for each in lost.permits)
    lease(ledger, NOW + latest - 1)
    assert ledger.status(NOW + latest - 1).leased == 10
    lease(ledger, NOW + latest + 1)
    assert ledger.status(NOW + latest + 59).used == 10
    assert ledger.status(NOW + latest + 61).used == 0


def test_report_of_a_response_that_was_lost_counts_once() -> None:
    ledger = new_ledger()
    reports = used(lease(ledger, NOW, wanted=3))
    lease(ledger, NOW + 1, reports=reports)
    lease(ledger, NOW + 2, reports=reports)
    assert (ledger.status(NOW + 2).used, ledger.status(NOW + 2).leased) == (3, 0)


def test_429_of_one_worker_pauses_and_limits_all() -> None:
    ledger = new_ledger()
    for at in range(30):
        lease(ledger, NOW + at, reports=used(lease(ledger, NOW + at, wanted=1)))
    now = NOW + 36
    for moment in (now - 5, now):
        rejected = Rejection(sent_age=0.1, pause=20)
        reports = used(lease(ledger, moment, wanted=1), 0)
        lease(ledger, moment, reports=reports, rejections=[rejected])
    other = lease(ledger, now, wanted=1)
    assert (permitted(other), other.pause, other.per_minute) == (0, 20, 30)
    assert ledger.status(now).permitted_per_minute == 30


def test_operators_limit_counts_until_it_is_withdrawn() -> None:
    ledger = new_ledger()
    ledger.command(LimitCommand(requests_per_minute=100, by="operator"))
    assert lease(ledger, NOW).per_minute == 100
    assert ledger.status(NOW).set_by == "operator"
    ledger.command(LimitCommand(by="operator"))
    assert lease(ledger, NOW).per_minute == 50
    assert ledger.status(NOW).set_by is None


def test_limit_of_a_worker_with_a_new_setting_counts_at_once() -> None:
    ledger = new_ledger()
    assert lease(ledger, NOW, requests_per_minute=80).per_minute == 80


def test_high_limits_are_permitted_in_few_parts() -> None:
    ledger = AllowanceLedger(Allowance(6000))
    found = lease(ledger, NOW, wanted=2400, requests_per_minute=6000)
    assert (permitted(found), len(found.permits)) == (2400, 40)
