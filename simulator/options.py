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

    Attributes:
        account_key: The only account key that gets tokens.
        account_secret: Its secret.
        token_ttl: Seconds that a token is valid ("a few minutes" at the vendor).
        scope_status: Status of a request with another endpoint's token: 401 or 403.
        rate_limit: Requests per rolling minute, token requests included; None for no limit.
        retry_after: Whether a 429 has the header Retry-After.
        async_provisioning: Seconds that the order of a purchase is pending; None for none.
        early_number: Whether the response to a purchase names the number while its order is
            pending.
        purchase_outcome: How the orders of purchases end.
        purchase_statuses: Their statuses: `kb` (Pending, Complete) or `pm` (Submitted, Completed).
        list_lag: Seconds until lists show a change.
        reference_lag: Seconds until other requests can refer to a new resource.
        reference_status: Status of a request that refers to it earlier: 404 or 400.
        error_body: Error bodies: `current`, or `rfc7807`, the problem details of 2025.
        accounts_envelope: GET distributor/accounts: `array`, `results` or `object` (of one).
        relations_envelope: Lists of guardian relations: `object` (OAS) or `array`.
        filter_list_envelope: Lists of a filter: `array` (OAS) or `object`.
        id_spelling: `one`, or `mixed`: reads spell ids of numbers and subscribers in other ways.
        repeat_rows: Whether inventory and list of subscribers contain their first row twice.
        empty_success: Status of an empty response to writes that set or delete; None for a body.
        report_routes_disabled: Whether responses say `MessageRouteEnabled: false`, as in samples.
        vocabulary: Statuses of port-in orders: `kb`, `bp` or `oas`.
        target_classification: Accepted values in eligibility checks: `any`, `oas` (Mobile,
            Landline, iot) or `bp` (mvno, iot).
        port_in_date_format: Accepted format of PortInDate: `any`, `iso` or `us`.
        port_in_pin: Whether a submit needs CurrentAccountPassword: `optional` or `required`.
        carrier: The losing carriers.
        examples: Whether the resources exist that the project's examples refer to.
        ledger_file: File to which the ledger is appended as JSON lines.
        manual_clock: Whether time only moves when it is advanced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_key: str = "DID-simulator"
    account_secret: str = "simulator-secret-not-real"  # noqa: S105 - a fake that guards nothing
    token_ttl: float = Field(default=300.0, gt=0)
    scope_status: Literal[401, 403] = 401
    rate_limit: int | None = Field(default=None, ge=1)
    retry_after: bool = True
    async_provisioning: float | None = Field(default=None, ge=0)
    early_number: bool = False
    purchase_outcome: PurchaseOutcome = "complete"
    purchase_statuses: Literal["kb", "pm"] = "kb"
    list_lag: float = Field(default=0.0, ge=0)
    reference_lag: float = Field(default=0.0, ge=0)
    reference_status: Literal[400, 404] = 404
    error_body: ErrorStyle = "current"
    accounts_envelope: Literal["array", "results", "object"] = "array"
    relations_envelope: Literal["object", "array"] = "object"
    filter_list_envelope: Literal["array", "object"] = "array"
    id_spelling: Literal["one", "mixed"] = "one"
    repeat_rows: bool = False
    empty_success: Literal[200, 204] | None = None
    report_routes_disabled: bool = False
    vocabulary: Vocabulary = "kb"
    target_classification: Literal["any", "oas", "bp"] = "any"
    port_in_date_format: Literal["any", "iso", "us"] = "any"
    port_in_pin: Literal["optional", "required"] = "optional"
    carrier: CarrierSetup = CarrierSetup()
    examples: bool = False
    ledger_file: Path | None = None
    manual_clock: bool = False

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
