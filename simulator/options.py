"""Everything about a simulator that can be chosen when it starts."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.engine.carrier import CarrierRecord, CarrierTimings, Vocabulary
from simulator.engine.errors import ErrorStyle


class CarrierSetup(BaseModel):
    """The carrier as written in a `--carrier` file: records by E.164 number, timings, words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    records: dict[str, CarrierRecord] = Field(default_factory=dict)
    timings: CarrierTimings = CarrierTimings()
    vocabulary: Vocabulary = "kb"


class SimulatorOptions(BaseModel):
    """Choices where the vendor's documents disagree, plus how hard the simulator makes it.

    `account_key`/`account_secret`: the only credentials that get tokens.
    `token_ttl`: seconds a token lives ("a few minutes" at the vendor).
    `scope_status`: answer to a token used at another endpoint (documents say 401 and 403).
    `rate_limit`: requests per rolling 60 s, token calls included; None switches it off.
    `retry_after`: whether a 429 carries the header.
    `async_provisioning`: seconds an order stays Pending; None completes at once.
    `list_lag`: seconds until lists, inventory and filters show what was created or ended.
    `error_body`: today's error body or the problem details of 2025.
    `accounts_envelope`: shape of GET distributor/accounts; "object" is only possible for one.
    `report_routes_disabled`: answer `MessageRouteEnabled: false` whatever was sent (as in samples).
    `ledger_file`: also append the ledger here, as JSON lines.
    `manual_clock`: time stands still until it is advanced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_key: str = "DID-simulator"
    account_secret: str = "simulator-secret-not-real"  # noqa: S105 - a fake that guards nothing
    token_ttl: float = Field(default=300.0, gt=0)
    scope_status: Literal[401, 403] = 401
    rate_limit: int | None = Field(default=None, ge=1)
    retry_after: bool = True
    async_provisioning: float | None = Field(default=None, ge=0)
    list_lag: float = Field(default=0.0, ge=0)
    error_body: ErrorStyle = "current"
    accounts_envelope: Literal["array", "results", "object"] = "array"
    report_routes_disabled: bool = False
    carrier: CarrierSetup = CarrierSetup()
    ledger_file: Path | None = None
    manual_clock: bool = False
