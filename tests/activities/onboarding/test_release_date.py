"""The date with which a number is cancelled: the vendor documents no time zone for it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from temporalio.testing import ActivityEnvironment

from activities.onboarding.number_records import NumberRecord
from activities.onboarding.numbers import NumberActivities
from activities.settings import ActivitySettings
from activities.support.shared_list import SharedList
from telegent import Telegent

EVENING = datetime(2026, 12, 1, 4, 30, tzinfo=UTC)
"""8:30 pm in Los Angeles, 11:30 pm in New York, on the last day of November."""


@pytest.mark.parametrize(
    ("zone", "at", "date"),
    [
        ("America/New_York", EVENING, "11/30/2026"),
        ("America/New_York", EVENING + timedelta(hours=1), "12/01/2026"),
        ("America/Los_Angeles", EVENING + timedelta(hours=1), "11/30/2026"),
        ("UTC", EVENING, "12/01/2026"),
    ],
)
async def test_number_is_cancelled_with_the_operators_date(
    zone: str, at: datetime, date: str
) -> None:
    sent: dict[str, object] = {}

    def vendor(request: httpx.Request) -> httpx.Response:
        if "token" in request.url.path.lower():
            return httpx.Response(200, json={"token": "t", "successful": True})
        if request.method == "GET":
            return httpx.Response(200, json={"Number": "+18015550142", "Status": "Active"})
        sent.update(json.loads(request.content))
        return httpx.Response(200, json={"OrderId": "JNUOID-1", "OrderStatus": "Complete"})

    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=at)
    async with Telegent("DID-1", "secret", transport=httpx.MockTransport(vendor)) as api:
        activities = NumberActivities(
            api,
            ActivitySettings(time_zone=ZoneInfo(zone)),
            SharedList("numbers", api.numbers.inventory),
        )
        await environment.run(activities.release_number, NumberRecord(phone_number="+18015550142"))

    assert sent["EffectiveDate"] == date
