"""Whether what a request names by id exists. An onboarding does not read it; a plan does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import activity

from activities.support.outcomes import is_not_found
from telegent import RequestRejectedError, Telegent
from telegent_orchestrator.plan import ResourceKind


@dataclass(frozen=True)
class GivenIdActivities:
    """Reads by id."""

    api: Telegent

    @activity.defn
    async def check_given_id(self, kind: ResourceKind, resource_id: str) -> bool:
        """Whether Telegent knows an id. A new resource may be too new to be known."""
        read: dict[ResourceKind, Callable[[str], Awaitable[object]]] = {
            ResourceKind.ACCOUNT: self.api.accounts.get,
            ResourceKind.SUBSCRIBER: self.api.subscribers.get,
            ResourceKind.MESSAGE_ROUTE: self.api.message_routes.get,
            ResourceKind.VOICE_ROUTE: self.api.voice_routes.get,
            ResourceKind.PRODUCT: self.api.products.get,
        }
        try:
            await read[kind](resource_id)
        except RequestRejectedError as error:
            if is_not_found(error):
                return False
            raise
        return True
