"""A harness in which one number is in service."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activities import ActivitySettings
from simulator.engine.state import Number
from tests.harness import SETTINGS, Harness
from tests.harness.port_outs import ICCID, NUMBER


@pytest.fixture
def poll() -> timedelta:
    return timedelta(seconds=0.2)


@pytest.fixture
def settings(poll: timedelta) -> ActivitySettings:
    return replace(SETTINGS, port_out_poll=poll)


@pytest.fixture
def harness(harness: Harness) -> Harness:
    """A harness in which one number is in service, with a subscription."""
    world = harness.telegent.state
    world.numbers[NUMBER] = Number(
        number=NUMBER,
        id="NID-1",
        order_id="JNUOID-1",
        account_id=None,
        classification="MVNO",
        purchased=world.clock.now(),
        iccid=ICCID,
    )
    for subscription_id, tnid in (("SUB-1", "NID-1"), ("SUB-2", "NID-2")):
        world.subscriptions[subscription_id] = {
            "SubscriptionId": subscription_id,
            "SubscriberId": "TSUID-1",
            "PackageId": "PID-1",
            "Type": "mvno",
            "TNID": tnid,
            "ICCID": None,
        }
    return harness
