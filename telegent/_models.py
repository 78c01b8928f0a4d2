"""Base classes of requests and responses, and types that several resources share."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_pascal

from telegent._text import canonical

E164 = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"),
    Field(description="E.164: a plus sign, then country code and number, digits only"),
]
Iccid = Annotated[str, StringConstraints(pattern=r"^[0-9]{18,22}[Ff]?$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
ZipCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}(-[0-9]{4})?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]


def canonical_text(value: str) -> str:
    """Return a text in canonical form. Raises ValueError if nothing is left of it."""
    text = canonical(value)
    if not text:
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(canonical_text)]
"""A name or an id. It is sent in canonical form, so that a lookup can find it."""

OptionalText = Annotated[str, AfterValidator(canonical)]
"""A text that may be empty, in canonical form."""

Id = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,200}$")]
"""An id that the vendor assigns. Other systems store it, so its characters are checked."""

MessageType = Literal["a2p", "p2p"]
ProductType = Literal["Sms-Only", "Data-Only", "Sms+Data", "Sms+Data+Voice"]
UrlMethod = Literal["GET", "POST"]
RouteAuthentication = Literal["None", "Basic", "Bearer"]
ActiveFilter = Literal["All", "Active", "Inactive"]


def _url(*schemes: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if scheme.lower() not in schemes or not separator or not rest.strip("/ "):
            raise ValueError(f"must be a complete URL that starts with {' or '.join(schemes)}://")
        return value

    return check


WebUrl = Annotated[str, AfterValidator(_url("https", "http"))]
HttpsUrl = Annotated[str, AfterValidator(_url("https"))]
SocketUrl = Annotated[str, AfterValidator(_url("wss", "ws"))]


def _as_objects(numbers: list[str]) -> list[dict[str, str]]:
    return [{"Number": number} for number in numbers]


NumberObjects = Annotated[
    list[E164],
    Field(min_length=1),
    PlainSerializer(_as_objects, return_type=list[dict[str, str]]),
]
"""A list of numbers; ``[{"Number": ...}]`` on the wire."""


def _us_date(value: date) -> str:
    return value.strftime("%m/%d/%Y")


Money = Annotated[Decimal, Field(ge=0), PlainSerializer(float, return_type=float)]
"""An exact amount; a JSON number on the wire."""

UsDate = Annotated[date, PlainSerializer(_us_date, return_type=str)]
"""A date; ``MM/DD/YYYY`` on the wire."""


class RequestModel(BaseModel):
    """Base class of requests: the documented fields, with the checks that the vendor documents.

    Fields have the vendor's names in snake_case; both spellings are accepted. A field with a secret
    is declared with ``repr=False``, which also keeps its value out of error messages.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=to_pascal,
        hide_input_in_errors=True,
    )

    def body(self) -> dict[str, object]:
        """Return the JSON body, without fields that are None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def secrets(self) -> list[str]:
        """Return the values that must not be shown, even if the vendor repeats them."""
        hidden = (
            getattr(self, name) for name, field in type(self).model_fields.items() if not field.repr
        )
        return [value for value in hidden if isinstance(value, str) and value]


class WireNames:
    """Further names under which the vendor sends a field of a response."""

    def __init__(self, *names: str) -> None:
        self.names = names


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


class ResponseModel(BaseModel):
    """Base class of responses, tolerant of the vendor's spellings.

    Keys are compared without case (``Tnid``, ``TNID``), because the vendor spells one field in
    several ways. Unknown keys are kept in `model_extra`. An optional field of an unexpected type is
    treated as missing: an invalid QR code must not lose the order id in the same response.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True, hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        known, unclaimed = cls._by_field(data)
        try:
            return handler(unclaimed | known)
        except ValidationError as error:
            invalid = {str(fault["loc"][0]) for fault in error.errors(include_input=False)}
            if any(cls.model_fields[name].is_required() for name in invalid):
                raise
            return handler(
                unclaimed | {name: v for name, v in known.items() if name not in invalid}
            )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # Unknown fields are left out: they may contain secrets.
        known = type(self).model_fields
        return (pair for pair in super().__repr_args__() if pair[0] in known)

    @classmethod
    def _by_field(cls, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Split `data` into values by field name, and keys that belong to no field."""
        keys = {_fold(key): key for key in data}
        known: dict[str, Any] = {}
        claimed: set[str] = set()
        for name, field in cls.model_fields.items():
            aliases = [
                n for mark in field.metadata if isinstance(mark, WireNames) for n in mark.names
            ]
            present = [keys[_fold(n)] for n in (name, *aliases) if _fold(n) in keys]
            claimed.update(present)
            values = [data[key] for key in present if data[key] is not None]
            if values:
                known[name] = values[0]
            elif present and field.is_required():
                known[name] = None
        return known, {key: value for key, value in data.items() if key not in claimed}


def _none_as_empty(value: object) -> object:
    return [] if value is None else value


NullAsEmpty = BeforeValidator(_none_as_empty)
"""For the rows of an envelope. Its key is required, because its absence proves nothing."""


class EmptyResponse(ResponseModel):
    """A response whose content does not matter."""


class Address(RequestModel):
    """The postal address of an account; the vendor documents ``USA`` for `country`."""

    street1: OptionalText | None = None
    street2: OptionalText | None = None
    city: OptionalText | None = None
    state: OptionalText | None = None
    zip: OptionalText | None = None
    country: OptionalText | None = None


class AddressResponse(ResponseModel):
    """A postal address in a response; parts may be None or empty."""

    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
