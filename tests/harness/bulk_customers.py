"""Customers of an MVNO that is there already, as rows of a bulk."""

from dataclasses import dataclass
from typing import Any

from telegent_orchestrator.bulk import BulkCommand, BulkRow
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from tests.harness import Harness
from tests.harness.payloads import line, new_subscriber, single

COMMAND = BulkCommand(by="operator", reason="requested by the customer")


@dataclass(frozen=True)
class Customers:
    """New subscribers of the account that the harness has created."""

    harness: Harness
    account: OnboardingResult

    def request(self, name: str, **changes: Any) -> OnboardingRequest:
        """One customer."""
        raw: dict[str, Any] = {
            "reference": self.reference(name),
            "account": {"account_id": self.account.account_id},
            "subscribers": [new_subscriber("one", email=f"{self.reference(name)}@example.com")],
            "routes": {
                "message": {"message_route_id": self.account.message_route_id},
                "voice": {"voice_route_id": self.account.voice_route_id},
            },
            "packages": [{"key": "plan", "package_id": self.account.package_ids["plan"]}],
        }
        return OnboardingRequest.model_validate(raw | changes)

    def rows(self, count: int) -> list[BulkRow]:
        """The first has a line too."""
        first = self.request("row-1", lines=[line("first", "one")])
        others = [self.request(f"row-{at}") for at in range(2, count + 1)]
        return [BulkRow(number=at, onboarding=row) for at, row in enumerate([first, *others], 1)]

    def reference(self, name: str) -> str:
        """A reference that no other test has."""
        return f"{self.harness.settings.id_key}-{name}"


async def create_customers(harness: Harness) -> Customers:
    """Customers, once there is an account for them."""
    handle = await harness.onboard(single(lines=[]))
    return Customers(harness, await handle.result())
