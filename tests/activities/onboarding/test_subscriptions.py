"""Which subscription of a package is the one wanted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import JsonValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.onboarding.subscriptions import StartSubscription, SubscriptionActivities
from activities.settings import ActivitySettings
from activities.support.outcomes import Outcome
from activities.support.write_activity import Lookup
from telegent import Telegent

START = datetime(2026, 11, 30, tzinfo=UTC)
WANTED = StartSubscription(subscriber_id="TSUID-1", package_id="PID-1", number_id="NID-1")


def row(subscription_id: str, **fields: JsonValue) -> dict[str, JsonValue]:
    return {
        "SubscriptionId": subscription_id,
        "SubscriberId": "TSUID-1",
        "TNID": "TNID-1",
        "Active": True,
        **fields,
    }


async def find(
    *rows: dict[str, JsonValue], wanted: StartSubscription = WANTED, at: datetime = START
) -> str | None:
    def vendor(request: httpx.Request) -> httpx.Response:
        if "token" in request.url.path.lower():
            return httpx.Response(200, json={"token": "t", "successful": True})
        return httpx.Response(200, json={"Subscriptions": list(rows)})

    async with Telegent("DID-1", "secret", transport=httpx.MockTransport(vendor)) as api:
        activities = SubscriptionActivities(api, ActivitySettings())
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, current_attempt_scheduled_time=at)
        return await environment.run(activities.find_subscription, Lookup(wanted=wanted))


async def test_active_subscription_of_the_number_is_found() -> None:
    ended = row("SUB-1", Active=False)
    others = row("SUB-3", TNID="TNID-3"), row("SUB-4", SubscriberId="TSUID-4")
    assert await find(ended, row("SUB-2"), *others) == "SUB-2"
    assert await find(row("SUB-2", Active=None)) == "SUB-2"
    assert await find(*others) is None


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([row("SUB-1", Active=False)], id="ended"),
        pytest.param([row("SUB-1"), row("SUB-2")], id="two active"),
    ],
)
async def test_ended_or_second_subscription_needs_an_operator(
    rows: list[dict[str, JsonValue]],
) -> None:
    with pytest.raises(ApplicationError, match="SUB-1") as found:
        await find(*rows)
    assert found.value.type == Outcome.AMBIGUOUS


async def test_subscription_that_may_have_been_closed_is_believed_after_the_read_lag() -> None:
    wanted = WANTED.model_copy(update={"closed_before": START})
    lag = ActivitySettings().read_lag

    with pytest.raises(ApplicationError, match="may have been closed") as early:
        await find(row("SUB-1"), wanted=wanted, at=START + lag - timedelta(seconds=1))

    assert early.value.type == Outcome.PENDING
    assert await find(row("SUB-1"), wanted=wanted, at=START + lag) == "SUB-1"
    assert await find(wanted=wanted) is None
