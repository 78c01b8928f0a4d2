"""What an adversarial run takes for silence, and for a double."""

from datetime import UTC, datetime

from resilience.adversary.oracle import SilenceMeter, check_ledger
from simulator import LedgerRow


def test_silence_ends_with_a_change_or_a_question() -> None:
    meter = SilenceMeter()
    for now, shown, waits in (
        (100.0, "waiting", False),
        (150.0, "waiting", False),
        (160.0, "bought", False),
        (180.0, "bought", True),
        (220.0, "bought", True),
        (240.0, "bought", False),
    ):
        meter.look(shown, waits=waits, now=now)

    assert meter.longest == 50.0


def test_second_webhook_of_an_account_is_a_duplicate_and_one_of_another_is_not() -> None:
    rows = [
        LedgerRow(
            number,
            datetime(2026, 11, 30, tzinfo=UTC),
            "webhook.created",
            {"webhook_id": f"WID-{number}", "account_id": account, "url": "https://mvno.example"},
        )
        for number, account in enumerate(["AID-1", "AID-2", "AID-1"])
    ]

    assert check_ledger([], rows) == [
        "duplicate: account AID-1 has 2 webhooks for https://mvno.example"
    ]
