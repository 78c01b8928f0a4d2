"""Onboardings: one request that describes the wanted end state of a customer."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from telegent_orchestrator._models import (
    Email,
    HttpUrl,
    Key,
    Reference,
    StrictModel,
    Text,
    WireModel,
    ZipCode,
    secret_text,
)
from telegent_orchestrator._validation import (
    MAX_ERRORS,
    MAX_ITEMS,
    UNION_TAGS,
    cross_field_errors,
    describe_error,
)
from telegent_orchestrator.lines import LineRequest, LineResult
from telegent_orchestrator.progress import CompensationReport, Escalation, LineSummary, Step


def _discriminate_by_id(field: str) -> Discriminator:
    """An object with the vendor's id is an existing resource; any other is to be created."""

    def tag(value: object) -> str:
        given = field in value if isinstance(value, dict) else hasattr(value, field)
        return "existing" if given else "new"

    return Discriminator(tag)


class Address(StrictModel):
    """A postal address; the vendor writes the United States as `USA`."""

    street1: Text
    street2: Text | None = None
    city: Text
    state: Text
    zip: ZipCode
    country: Text = "USA"


class NewAccount(StrictModel):
    """An account to create: a family or a business.

    The vendor's AccountName becomes `name (reference)`: the only marker by which the account can
    be found if the response to its creation is lost.

    Attributes:
        admin_email: Receives the vendor's notices.
    """

    name: Text
    admin_email: Email | None = None
    billing_address: Address
    mailing_address: Address | None = None


class ExistingAccount(StrictModel):
    """An existing account."""

    account_id: Text


class NewSubscriber(StrictModel):
    """A subscriber to create. `password`: the temporary one that the vendor requires; secret."""

    key: Key
    name: Text
    email: Email
    role: Literal["Subscriber", "Manager", "Account Admin"] = "Subscriber"
    password: Annotated[str, AfterValidator(secret_text)] = Field(
        min_length=8, max_length=128, repr=False
    )
    guardian: bool = False


class ExistingSubscriber(StrictModel):
    """An existing subscriber."""

    key: Key
    subscriber_id: Text
    guardian: bool = False


class RouteCredentials(StrictModel):
    """What the vendor sends when it calls your URL. `secret`: password or bearer token."""

    type: Literal["Basic", "Bearer"]
    username: Text | None = None
    secret: Annotated[str, AfterValidator(secret_text)] = Field(
        min_length=1, max_length=2000, repr=False
    )


class NewMessageRoute(StrictModel):
    """A message route to create: where inbound messages and delivery receipts are sent."""

    name: Text
    url: HttpUrl
    callback_url: HttpUrl | None = None
    credentials: RouteCredentials | None = None
    intelligent: bool = True


class ExistingMessageRoute(StrictModel):
    """An existing message route."""

    message_route_id: Text


class NewVoiceRoute(StrictModel):
    """A voice route to create: a URL for call control, or a SIP trunk."""

    name: Text
    type: Literal["URL", "Trunk"]
    url: HttpUrl | None = None
    trunk_ip: Text | None = None
    trunk_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    trunk_transport: Literal["UDP", "TCP", "TLS"] | None = None
    credentials: RouteCredentials | None = None
    intelligent: bool = True

    @model_validator(mode="after")
    def _require_fields_of_type(self) -> "NewVoiceRoute":
        needed = ("url",) if self.type == "URL" else ("trunk_ip", "trunk_port", "trunk_transport")
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"type {self.type} also needs {', '.join(missing)}")
        return self


class ExistingVoiceRoute(StrictModel):
    """An existing voice route."""

    voice_route_id: Text


MessageRoute = Annotated[
    Annotated[NewMessageRoute, Tag("new")] | Annotated[ExistingMessageRoute, Tag("existing")],
    _discriminate_by_id("message_route_id"),
]
VoiceRoute = Annotated[
    Annotated[NewVoiceRoute, Tag("new")] | Annotated[ExistingVoiceRoute, Tag("existing")],
    _discriminate_by_id("voice_route_id"),
]


class Routes(StrictModel):
    """Where messages and calls are sent. A line with voice needs a voice route."""

    message: MessageRoute
    voice: VoiceRoute | None = None


Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=9, decimal_places=2),
    # Pydantic's own schema would accept any string.
    WithJsonSchema(
        {
            "description": "an amount with at most two decimals; a string keeps it exact",
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,2})?$"},
                {"type": "number", "minimum": 0, "maximum": 9_999_999.99},
            ],
        }
    ),
]


class NewProduct(StrictModel):
    """A product of the catalogue, found by its SKU or created."""

    key: Key
    sku: Text
    description: Text
    type: Text
    sub_type: Text | None = None
    cost: Money
    billing_frequency: Literal["MRC", "NRC"] = "MRC"


class ExistingProduct(StrictModel):
    """An existing product."""

    key: Key
    product_id: Text


class PackageItem(StrictModel):
    """A product in a package; `product` is a key of the same request."""

    product: Key
    price: Money
    monthly: bool = True
    type: Text = "esim"


class NewPackage(StrictModel):
    """A package of the catalogue, found by its name or created."""

    key: Key
    name: Text
    description: Text | None = None
    type: Text = "esim"
    price: Money
    monthly: bool = True
    items: Annotated[list[PackageItem], Field(min_length=1, max_length=MAX_ITEMS)]


class ExistingPackage(StrictModel):
    """An existing package."""

    key: Key
    package_id: Text


class GuardianRelation(StrictModel):
    """A link between guardian and child: keys of subscribers with `guardian` set."""

    parent: Key
    child: Key
    relation: Text = "Parent"


Account = Annotated[
    Annotated[NewAccount, Tag("new")] | Annotated[ExistingAccount, Tag("existing")],
    _discriminate_by_id("account_id"),
]
Subscriber = Annotated[
    Annotated[NewSubscriber, Tag("new")] | Annotated[ExistingSubscriber, Tag("existing")],
    _discriminate_by_id("subscriber_id"),
]
Product = Annotated[
    Annotated[NewProduct, Tag("new")] | Annotated[ExistingProduct, Tag("existing")],
    _discriminate_by_id("product_id"),
]
Package = Annotated[
    Annotated[NewPackage, Tag("new")] | Annotated[ExistingPackage, Tag("existing")],
    _discriminate_by_id("package_id"),
]


class OnboardingRequest(StrictModel):
    """Everything that must exist at the end. Existing resources are named by id.

    Validation raises `pydantic.ValidationError` with every error at once: wrong types, unknown
    fields, keys that do not exist, duplicates.
    """

    reference: Reference
    account: Account
    subscribers: Annotated[list[Subscriber], Field(min_length=1, max_length=MAX_ITEMS)]
    routes: Routes
    products: Annotated[list[Product], Field(max_length=MAX_ITEMS)] = []
    packages: Annotated[list[Package], Field(min_length=1, max_length=MAX_ITEMS)]
    lines: Annotated[list[LineRequest], Field(max_length=MAX_ITEMS)] = []
    relations: Annotated[list[GuardianRelation], Field(max_length=MAX_ITEMS)] = []

    @model_validator(mode="wrap")
    @classmethod
    def _collect_all_errors(
        cls, data: object, handler: ModelWrapValidatorHandler["OnboardingRequest"]
    ) -> "OnboardingRequest":
        errors: list[InitErrorDetails] = []
        request = None
        try:
            request = handler(data)
        except ValidationError as error:
            shapes = error.errors(include_url=False)[: MAX_ERRORS + 1]
            errors += [_to_error_details(found) for found in shapes]
        raw = data.model_dump() if isinstance(data, cls) else data
        if isinstance(raw, dict):
            errors += [
                InitErrorDetails(
                    type=PydanticCustomError("reference", "{error}", {"error": text}),
                    loc=loc,
                    input=None,
                )
                for loc, text in cross_field_errors(raw)
            ]
        if errors or request is None:
            raise ValidationError.from_exception_data("OnboardingRequest", errors, hide_input=True)
        return request


def _to_error_details(error: ErrorDetails) -> InitErrorDetails:
    """Convert an error of pydantic: our message, no value, no tags of our unions."""
    message = PydanticCustomError(
        error["type"], "{described}", {"described": describe_error(error, OnboardingRequest)}
    )
    where = tuple(part for part in error["loc"] if part not in UNION_TAGS)
    return InitErrorDetails(type=message, loc=where, input=None)


def request_warnings(request: OnboardingRequest) -> list[str]:
    """What an operator should know before the start; none of it stops the onboarding."""
    warnings = []
    for at, line in enumerate(request.lines):
        if line.product_type.data and line.data_limits is None:
            warnings.append(
                f"lines.{at}: has data and no data_limits; Telegent's default limit is 20 MB, "
                "after which the data may stop"
            )
        if line.product_type.voice and line.e911_address is None:
            warnings.append(
                f"lines.{at}: has voice and no e911_address; emergency services cannot locate it"
            )
    return warnings


class OnboardingStatus(WireModel):
    """The steps of an onboarding; those of a line are in the status of its own workflow.

    Attributes:
        compensation: After a cancel, what was rolled back and what is retained.
        result: The resources that exist so far.
    """

    reference: str
    steps: list[Step] = []
    lines: list[LineSummary] = []
    escalations: list[Escalation] = []
    compensation: CompensationReport = CompensationReport()
    result: "OnboardingResult | None" = None


class OnboardingResult(WireModel):
    """What exists at the end, by the request's keys. `complete`: every line is in service."""

    reference: str
    complete: bool
    account_id: str
    subscriber_ids: dict[str, str] = {}
    message_route_id: str | None = None
    voice_route_id: str | None = None
    product_ids: dict[str, str] = {}
    package_ids: dict[str, str] = {}
    lines: list[LineResult] = []
    errors: list[str] = []
