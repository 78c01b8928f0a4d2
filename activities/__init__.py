"""One vendor call or one look-up each: call, classify the outcome, return a small model."""

from collections.abc import Callable
from typing import Any

from temporalio.client import Client

from activities.accounts import AccountActivities
from activities.catalogue import CatalogueActivities
from activities.data_usage import DataUsageActivities
from activities.events import EventActivities
from activities.guardian import GuardianActivities
from activities.house import HouseActivities
from activities.numbers import NumberActivities
from activities.outcome import OutcomeInterceptor
from activities.poll_share import PollShare
from activities.port_outs import PinChooser, PortOutActivities
from activities.port_pace import Pace
from activities.ports import PortActivities
from activities.routes import RouteActivities
from activities.settings import ActivitySettings
from activities.subscribers import SubscriberActivities
from activities.subscriptions import SubscriptionActivities
from activities.webhooks import WebhookActivities
from telegent import Telegent

__all__ = [
    "ActivitySettings",
    "OutcomeInterceptor",
    "Pace",
    "build_activities",
    "build_local_activities",
]

# The signature is the SDK's own: Worker(activities=Sequence[Callable]).
ActivityFunctions = list[Callable[..., Any]]


def build_activities(
    api: Telegent,
    settings: ActivitySettings,
    *,
    temporal: Client | None = None,
    requests_per_minute: int = 45,
) -> ActivityFunctions:
    """Every activity that calls the vendor, for the queue that the request budget limits.

    With `temporal`, looking at open port-ins is held to its share of `requests_per_minute`, and a
    number that may be another onboarding's is not taken for ours.
    """
    polls = None
    if temporal:
        polls = PollShare(
            temporal,
            settings.port_pace,
            requests_per_minute=requests_per_minute,
            share=settings.port_poll_share,
        )
    return _defined_on(
        AccountActivities(api, settings),
        SubscriberActivities(api, settings),
        RouteActivities(api, settings),
        CatalogueActivities(api, settings),
        NumberActivities(api, settings, temporal),
        PortActivities(api, settings, polls),
        PortOutActivities(api, settings),
        SubscriptionActivities(api, settings),
        DataUsageActivities(api),
        GuardianActivities(api, settings),
        WebhookActivities(api, settings),
    )


def build_local_activities(settings: ActivitySettings, temporal: Client) -> ActivityFunctions:
    """The activities that call no vendor, for the workflows' own queue."""
    return _defined_on(
        HouseActivities(settings, temporal), PinChooser(), EventActivities(settings.events)
    )


def _defined_on(*resources: object) -> ActivityFunctions:
    return [
        method
        for resource in resources
        for name in dir(resource)
        if hasattr(method := getattr(resource, name), "__temporal_activity_definition")
    ]
