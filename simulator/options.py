"""All options of a simulator."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from simulator.engine.carrier import CarrierRecord, CarrierTimings, Vocabulary
from simulator.engine.errors import ErrorStyle

PurchaseOutcome = Literal["complete", "failed", "cancelled", "no_number", "other_number"]
"""How the order of a purchased number ends: with its number; as failed or cancelled, without a
number; complete, but without naming the number; or with another number than the response named."""


class CarrierSetup(BaseModel):
    """The losing carriers, as in a `--carrier` file.

    Attributes:
        records: What they hold, by E.164 number.
        timings: How long they take.
        vocabulary: Statuses of port-in orders; None for the one that the options choose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    records: dict[str, CarrierRecord] = Field(default_factory=dict)
    timings: CarrierTimings = CarrierTimings()
    vocabulary: Vocabulary | None = None


class SimulatorOptions(BaseModel):
    """How the simulator behaves where the vendor's documents are silent or contradict each other.

    The description of each field is also the help of its command-line option.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_key: str = Field(
        default="DID-simulator",
        description="The only account key that gets tokens.",
    )
    # A fake that guards nothing.
    account_secret: str = Field(
        default="simulator-secret-not-real",
        description="Secret of the account key.",
    )
    token_ttl: float = Field(
        default=300.0,
        gt=0,
        description="Seconds that a token is valid; a few minutes at the vendor.",
    )
    scope_status: Literal[401, 403] = Field(
        default=401,
        description="Status of a request with another endpoint's token.",
    )
    rate_limit: int | None = Field(
        default=None,
        ge=1,
        description="Requests per rolling minute, token requests included; no limit if unset.",
    )
    retry_after: bool = Field(default=True, description="Whether a 429 has the header Retry-After.")
    async_provisioning: float | None = Field(
        default=None,
        ge=0,
        description="Seconds that the order of a purchase is pending; none if unset.",
    )
    early_number: bool = Field(
        default=False,
        description="Whether the response to a purchase names the number while its order is "
        "pending.",
    )
    purchase_outcome: PurchaseOutcome = Field(
        default="complete",
        description="How the orders of purchases end.",
    )
    purchase_statuses: Literal["kb", "pm"] = Field(
        default="kb",
        description="Statuses of the orders of purchases: kb (Pending, Complete) or pm (Submitted, "
        "Completed).",
    )
    parked_status: str = Field(
        default="Inactive",
        description="Status of a parked number, such as Inactive, Parked or Suspended.",
    )
    cancelled_status: str = Field(
        default="Inactive",
        description="Status of a cancelled number, such as Inactive or Cancelled; missing: it is "
        "not shown any more.",
    )
    update_deactivates: bool = Field(
        default=False,
        description="Whether an update of a subscription without Active deactivates it.",
    )
    status_change_delay: float | None = Field(
        default=None,
        ge=0,
        description="Seconds that the order of a status change is pending before it takes effect; "
        "at once if unset.",
    )
    number_swap: Literal["same", "follows", "new"] = Field(
        default="same",
        description="What a swapped number has of the old one: same (id and subscriber; filters "
        "name the old number), follows (filters name the new one) or new (another id, no "
        "subscriber).",
    )
    list_lag: float = Field(default=0.0, ge=0, description="Seconds until lists show a change.")
    reference_lag: float = Field(
        default=0.0,
        ge=0,
        description="Seconds until other requests can refer to a new resource.",
    )
    reference_status: Literal[400, 404] = Field(
        default=404,
        description="Status of a request that refers to a new resource within the reference lag: "
        "404 or 400.",
    )
    error_body: ErrorStyle = Field(
        default="current",
        description="Error bodies: current, or rfc7807, the problem details of 2025.",
    )
    accounts_envelope: Literal["array", "results", "object"] = Field(
        default="array",
        description="GET distributor/accounts: array, results or object (of one).",
    )
    relations_envelope: Literal["object", "array"] = Field(
        default="object",
        description="Lists of guardian relations: object (OAS) or array.",
    )
    filter_list_envelope: Literal["array", "object"] = Field(
        default="array",
        description="Lists of a filter: array (OAS) or object.",
    )
    id_spelling: Literal["one", "mixed"] = Field(
        default="one",
        description="one, or mixed: reads spell ids of numbers and subscribers in other ways.",
    )
    repeat_rows: bool = Field(
        default=False,
        description="Whether inventory and list of subscribers contain their first row twice.",
    )
    empty_success: Literal[200, 204] | None = Field(
        default=None,
        description="Status of an empty response to writes that set or delete; a body if unset.",
    )
    report_routes_disabled: bool = Field(
        default=False,
        description="Whether responses say MessageRouteEnabled: false, as in samples.",
    )
    vocabulary: Vocabulary = Field(
        default="kb",
        description="Statuses of port-in orders: kb, bp or oas.",
    )
    target_classification: Literal["any", "oas", "bp"] = Field(
        default="any",
        description="Accepted values in eligibility checks: any, oas (Mobile, Landline, iot) or bp "
        "(mvno, iot).",
    )
    port_in_date_format: Literal["any", "iso", "us"] = Field(
        default="any",
        description="Accepted format of PortInDate: any, iso or us.",
    )
    port_in_pin: Literal["optional", "required"] = Field(
        default="optional",
        description="Whether a submit needs CurrentAccountPassword: optional or required.",
    )
    carrier: CarrierSetup = Field(default=CarrierSetup(), description="The losing carriers.")
    examples: bool = Field(
        default=False,
        description="Whether the resources exist that the project's examples refer to.",
    )
    ledger_file: Path | None = Field(
        default=None,
        description="File to which the ledger is appended as JSON lines.",
    )
    manual_clock: bool = Field(
        default=False,
        description="Whether time only moves when it is advanced.",
    )

    @classmethod
    def in_dialect(cls, dialect: str, **options: Any) -> Self:
        """Options that follow one of the vendor's documents.

        Args:
            dialect: A key of `DIALECTS`.
            **options: Further options, which win over those of the dialect.
        """
        return cls(**{**DIALECTS[dialect], **options})


DIALECTS: dict[str, dict[str, Any]] = {
    "default": {},
    "oas": {
        "scope_status": 403,
        "accounts_envelope": "object",
        "vocabulary": "oas",
        "target_classification": "oas",
        "port_in_date_format": "iso",
        "port_in_pin": "required",
    },
    "best-practices": {
        "scope_status": 403,
        "accounts_envelope": "results",
        "relations_envelope": "array",
        "filter_list_envelope": "object",
        "id_spelling": "mixed",
        "vocabulary": "bp",
        "target_classification": "bp",
        "port_in_date_format": "us",
    },
    "knowledge-bank": {
        "error_body": "rfc7807",
        "id_spelling": "mixed",
        "repeat_rows": True,
        "empty_success": 204,
        "report_routes_disabled": True,
        "purchase_statuses": "pm",
        "reference_status": 400,
        "vocabulary": "kb",
    },
}
"""Options that follow one of the vendor's documents each, or samples of its time."""
