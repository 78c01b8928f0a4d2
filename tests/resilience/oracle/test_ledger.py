"""Rows of the ledger that several onboardings share."""

from dataclasses import replace
from datetime import UTC, datetime

from resilience.oracle.ledger import LedgerReader
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
