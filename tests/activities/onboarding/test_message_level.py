"""The age level of a message filter, whose wire field no document names."""

import json

import httpx
import pytest
from temporalio.testing import ActivityEnvironment

from activities import ActivitySettings
from activities.onboarding.guardian import CreateMessageFilter, GuardianActivities
from telegent import Telegent
from telegent_orchestrator.lines import MessageFilter


@pytest.mark.parametrize(("field", "sent"), [("FilterLevel", {"FilterLevel": "CHILD"}), (None, {})])
async def test_message_level_is_sent_under_the_name_in_the_settings(
    field: str | None, sent: dict[str, str]
) -> None:
    bodies: list[dict[str, object]] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        if "token" in request.url.path.lower():
            return httpx.Response(200, json={"token": "t", "successful": True})
        return httpx.Response(200, json={"FilterId": "MFID-1"})

    async with Telegent("DID-1", "secret", transport=httpx.MockTransport(vendor)) as api:
        activities = GuardianActivities(api, ActivitySettings(message_level_field=field))
        wanted = CreateMessageFilter(
            subscriber_id="TSUID-1",
            phone_number="+18015550142",
            filter=MessageFilter(level="CHILD"),
        )
        await ActivityEnvironment().run(activities.create_message_filter, wanted)

    documented = {"SubscriberId", "Phone", "FilterMode"}
    assert documented <= bodies[-1].keys()
    assert {name: bodies[-1].get(name) for name in sent} == sent
    assert ("FilterLevel" in bodies[-1]) == bool(sent)
