"""Rows of the ledger that several onboardings share."""

from dataclasses import replace
from datetime import UTC, datetime

from resilience.oracle.ledger import LedgerReader, without_rolled_back
from simulator import LedgerRow

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PRODUCT = LedgerRow(1, NOW, "product.created", {"sku": "TALK", "product_id": "PRID-1"})
ACCOUNT = LedgerRow(2, NOW, "account.created", {"name": "Family"})


def test_product_of_two_requests_is_claimed_by_both_and_nothing_remains() -> None:
    ledger = LedgerReader([PRODUCT])
    for _ in range(2):
        assert ledger.claim("product.created", {"sku": "TALK"}) == [PRODUCT]
    assert ledger.unclaimed == []


def test_second_product_of_one_sku_is_seen_by_every_request() -> None:
    second = replace(PRODUCT, seq=3, data={"sku": "TALK", "product_id": "PRID-2"})
    ledger = LedgerReader([PRODUCT, second])
    for _ in range(2):
        assert ledger.claim("product.created", {"sku": "TALK"}) == [PRODUCT, second]


def test_account_is_claimed_once() -> None:
    ledger = LedgerReader([ACCOUNT])
    assert ledger.claim("account.created", {}) == [ACCOUNT]
    assert ledger.claim("account.created", {}) == []


def test_what_was_rolled_back_is_left_out_with_everything_that_was_set_on_it() -> None:
    bought = {"number": "+18015550100", "number_id": "NID-1"}
    other = {"number": "+18015550101", "number_id": "NID-2"}
    subscription = {"subscription_id": "SUB-1", "tnid": "NID-1"}
    rows = [
        LedgerRow(at, NOW, kind, data)
        for at, (kind, data) in enumerate(
            [
                ("number.provisioned", bought),
                ("number.provisioned", other),
                ("subscription.created", subscription),
                ("subscription.created", {"subscription_id": "SUB-2", "tnid": "NID-2"}),
                ("data_limits.set", {"number": bought["number"]}),
                ("subscription.deleted", subscription),
                ("number.status_changed", {**bought, "change": "cancel"}),
            ]
        )
    ]

    assert without_rolled_back(rows) == [rows[1], rows[3]]


def test_cancelled_number_that_was_not_bought_stays() -> None:
    cancelled = LedgerRow(
        1, NOW, "number.status_changed", {"number": "+18015550142", "change": "cancel"}
    )

    assert without_rolled_back([ACCOUNT, cancelled]) == [ACCOUNT, cancelled]
