"""Customers of an MVNO that is there already, as rows of a bulk."""

from dataclasses import dataclass
from typing import Any

from telegent_orchestrator.bulk import BulkRow, BulkWish
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult
from tests.harness import House
from tests.payloads import line, person, single

BY = BulkWish(by="desk", reason="so it is")


@dataclass(frozen=True)
class Customers:
    """Each is one new person on the account that the house has made."""

    house: House
    made: OnboardingResult

    def one(self, name: str, **changes: Any) -> OnboardingRequest:
        """One customer."""
        raw: dict[str, Any] = {
            "reference": self.reference(name),
            "account": {"account_id": self.made.account_id},
            "subscribers": [person("one", email=f"{self.reference(name)}@example.com")],
            "routes": {
                "message": {"message_route_id": self.made.message_route_id},
                "voice": {"voice_route_id": self.made.voice_route_id},
            },
            "packages": [{"key": "plan", "package_id": self.made.package_ids["plan"]}],
        }
        return OnboardingRequest.model_validate(raw | changes)

    def rows(self, count: int) -> list[BulkRow]:
        """The first has a line too."""
        first = self.one("row-1", lines=[line("first", "one")])
        others = [self.one(f"row-{at}") for at in range(2, count + 1)]
        return [BulkRow(number=at, onboarding=row) for at, row in enumerate([first, *others], 1)]

    def reference(self, name: str) -> str:
        """A reference that no other test has."""
        return f"{self.house.settings.id_key}-{name}"


async def customers(house: House) -> Customers:
    """Customers, once there is an account for them."""
    handle = await house.onboard(single(lines=[]))
    return Customers(house, await handle.result())
