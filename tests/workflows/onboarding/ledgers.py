"""What an onboarding must have created, and how to compare it with the simulator's ledger."""

import asyncio
from collections import Counter

from simulator import Simulator
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from tests.harness import Harness
from tests.harness.waiting import TEST_TIMEOUT

FAMILY_LEDGER = {
    "account.created": 1,
    "subscriber.created": 3,
    "message_route.created": 1,
    "voice_route.created": 1,
    "product.created": 2,
    "package.created": 1,
    "package_item.created": 2,
    "number.provisioned": 2,
    "portin.submitted": 1,
    "portin.completed": 1,
    "number.updated": 1,
    "subscription.created": 3,
    "e911_address.set": 3,
    "data_limits.set": 3,
    "renewal.set": 3,
    "guardian.features_set": 2,
    "guardian.related": 1,
    "call_filter.created": 1,
    "message_filter.created": 1,
}
SINGLE_LEDGER = {
    "account.created": 1,
    "subscriber.created": 1,
    "message_route.created": 1,
    "voice_route.created": 1,
    "product.created": 1,
    "package.created": 1,
    "package_item.created": 1,
    "number.provisioned": 1,
    "subscription.created": 1,
}
CREATES = (
    "POST /v1.0/account/create",
    "POST /v1.0/subscribers/create",
    "POST /v1.0/message/routes",
    "POST /v1.0/voice/routes",
    "POST /v1.0/products",
    "POST /v1.0/packages",
    "POST /v1.0/numbers/provision",
    "POST /v1.0/subscriptions",
    "POST /v1.0/subscribers/guardians/relation",
    "POST /v1.0/subscribers/call-filter",
    "POST /v1.0/subscribers/message-filter",
)


def counted(simulator: Simulator) -> Counter[str]:
    return Counter(row.kind for row in simulator.ledger.rows)


async def onboard(harness: Harness, request: OnboardingRequest) -> OnboardingResult:
    handle = await harness.onboard(request)
    return await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
