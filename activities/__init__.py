"""Activities: one vendor call or lookup each; they call, classify the outcome, return a model."""

from collections.abc import Callable
from typing import Any

from temporalio.client import Client

from activities.events import EventActivities
from activities.internal_activities import InternalActivities
from activities.line_changes import LineChangeActivities
from activities.line_filters import LineFilterActivities
from activities.line_numbers import LineNumberActivities
from activities.line_plans import LinePlanActivities
from activities.line_sets import LineSetActivities
from activities.line_sims import LineSimActivities
from activities.line_subscribers import LineSubscriberActivities
from activities.number_use import NumberUseActivities
from activities.onboarding.accounts import AccountActivities
from activities.onboarding.catalogue import CatalogueActivities
from activities.onboarding.data_usage import DataUsageActivities
from activities.onboarding.e911 import E911Activities
from activities.onboarding.given_ids import GivenIdActivities
from activities.onboarding.guardian import GuardianActivities
from activities.onboarding.numbers import NumberActivities
from activities.onboarding.routes import RouteActivities
from activities.onboarding.subscribers import SubscriberActivities
from activities.onboarding.subscriptions import SubscriptionActivities
from activities.onboarding.webhooks import WebhookActivities
from activities.plan import PlanActivities
from activities.port_in.orders import PortInActivities
from activities.port_in.poll_throttle import PollThrottle
from activities.port_out import PinGenerator, PortOutActivities
from activities.reconcile.activities import ReconcileActivities
from activities.renewals import RenewalActivities
from activities.settings import ActivitySettings
from activities.sims import SimActivities
from activities.support.outcomes import ErrorTranslationInterceptor
from activities.support.shared_list import SharedList
from activities.usage.activities import UsageActivities
from telegent import Telegent
from telegent_orchestrator.poll_schedule import PollSchedule

__all__ = [
    "ActivitySettings",
    "ErrorTranslationInterceptor",
    "PollSchedule",
    "build_activities",
    "build_orchestrator_activities",
]

REPORTS = (ReconcileActivities, UsageActivities)
"""Activities that compare what Telegent shows with what Temporal knows."""

# The signature is the SDK's own: Worker(activities=Sequence[Callable]).
ActivityFunctions = list[Callable[..., Any]]


def build_activities(
    api: Telegent,
    settings: ActivitySettings,
    *,
    temporal: Client | None = None,
) -> ActivityFunctions:
    """Returns the activities that call Telegent, for the rate-limited queue.

    Args:
        api: The vendor client.
        settings: Settings of the activities.
        temporal: Where to find other port-ins and lines. Without it, polls of port-ins are not
            limited to their share, corrections are sent whatever earlier runs have sent, no other
            onboarding is expected to buy numbers, and there are no reconciliations and no readings
            of usage.
    """
    polls = None
    if temporal:
        polls = PollThrottle(
            temporal,
            settings.port_poll_schedule,
            rate_limiter=api.rate_limiter,
            share=settings.port_poll_share,
        )
    inventory = SharedList("numbers", api.numbers.inventory)
    subscribers = SharedList("subscribers", api.subscribers.all)
    return _defined_on(
        AccountActivities(api, settings),
        SubscriberActivities(api, settings, subscribers),
        RouteActivities(api, settings),
        CatalogueActivities(api, settings),
        NumberActivities(api, settings, inventory, temporal),
        PortInActivities(api, settings, polls, temporal),
        PortOutActivities(api, settings, inventory),
        LineChangeActivities(api, settings),
        LineFilterActivities(api, settings),
        LineNumberActivities(api, settings, inventory),
        LinePlanActivities(api, settings),
        LineSubscriberActivities(api, settings),
        LineSimActivities(api, settings),
        LineSetActivities(api, inventory, subscribers),
        SubscriptionActivities(api, settings),
        DataUsageActivities(api),
        E911Activities(api),
        GivenIdActivities(api),
        GuardianActivities(api, settings),
        WebhookActivities(api, settings),
        *(kind(api, settings, temporal) for kind in REPORTS if temporal),
    )


def build_orchestrator_activities(
    settings: ActivitySettings, temporal: Client
) -> ActivityFunctions:
    """Returns the activities that do not call Telegent, for the queue of the workflows."""
    return _defined_on(
        InternalActivities(settings, temporal),
        NumberUseActivities(settings, temporal),
        SimActivities(settings, temporal),
        PlanActivities(settings, temporal),
        RenewalActivities(settings),
        PinGenerator(),
        EventActivities(settings.events),
    )


def _defined_on(*resources: object) -> ActivityFunctions:
    return [
        method
        for resource in resources
        for name in dir(resource)
        if hasattr(method := getattr(resource, name), "__temporal_activity_definition")
    ]
