"""How the order of a bought number is read."""

from datetime import timedelta

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.onboarding.number_records import NumberRecord
from activities.onboarding.numbers import NumberActivities
from activities.settings import ActivitySettings
from activities.support.outcomes import Outcome
from activities.support.shared_list import SharedList
from telegent import Telegent

NUMBER = "+18015550142"
BOUGHT = NumberRecord(order_id="JNUOID-1", phone_number=NUMBER)


async def release_while_order_shows(*statuses: str) -> list[str]:
    """The calls of a release while reads of the order show these statuses, the last one again."""
    left, calls = list(statuses), []

    def vendor(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "token" in path.lower():
            return httpx.Response(200, json={"token": "t", "successful": True})
        calls.append(path.rpartition("/")[2])
        if path.endswith("/order"):
            status = left.pop(0) if len(left) > 1 else left[0]
            ordered = [{"Number": NUMBER}]
            body = {
                "OrderId": "JNUOID-1",
                "OrderStatus": status,
                "PhoneNumbersOrdered": ordered,
            }
            return httpx.Response(200, json=body)
        if request.method == "GET":
            return httpx.Response(200, json={"Number": NUMBER, "Status": "Active"})
        return httpx.Response(200, json={"OrderId": "JNUOID-2"})

    settings = ActivitySettings(order_poll=timedelta(milliseconds=1))
    async with Telegent("DID-1", "secret", transport=httpx.MockTransport(vendor)) as api:
        activities = NumberActivities(api, settings, SharedList("numbers", api.numbers.inventory))
        unnamed = BOUGHT.model_copy(update={"phone_number": None})
        await ActivityEnvironment().run(activities.release_number, unnamed)
    return calls


async def test_order_that_reads_failed_once_is_read_again() -> None:
    assert await release_while_order_shows("Failed", "Complete") == [
        "order",
        "order",
        "numbers",
        "status",
    ]


async def test_order_that_stays_failed_has_no_number_to_release() -> None:
    with pytest.raises(ApplicationError) as waits:
        await release_while_order_shows("Cancelled")
    assert waits.value.type == Outcome.PENDING
