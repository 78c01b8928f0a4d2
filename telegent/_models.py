"""Base classes of what is sent and what comes back, and the types that several resources share."""

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

E164 = Annotated[
    str,
    StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"),
    Field(description="E.164: a plus sign, then country code and number, digits only"),
]
Iccid = Annotated[str, StringConstraints(pattern=r"^[0-9]{18,22}[Ff]?$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
ZipCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}(-[0-9]{4})?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
Text = Annotated[str, StringConstraints(min_length=1)]

Id = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,200}$")]
"""An id that the vendor gives: it goes into other systems, so it must look like one."""

MessageType = Literal["a2p", "p2p"]
ProductType = Literal["Sms-Only", "Data-Only", "Sms+Data", "Sms+Data+Voice"]
UrlMethod = Literal["GET", "POST"]
RouteAuthentication = Literal["None", "Basic", "Bearer"]
ActiveFilter = Literal["All", "Active", "Inactive"]


def _url(*schemes: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if scheme.lower() not in schemes or not separator or not rest.strip("/ "):
            raise ValueError(f"must be a full address that starts with {' or '.join(schemes)}://")
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
"""Plain numbers here, ``[{"Number": ...}]`` on the wire."""


def _us_date(value: date) -> str:
    return value.strftime("%m/%d/%Y")


Money = Annotated[Decimal, Field(ge=0), PlainSerializer(float, return_type=float)]
"""An amount, exact here; a JSON number on the wire."""

UsDate = Annotated[date, PlainSerializer(_us_date, return_type=str)]
"""MM/DD/YYYY on the wire."""


class RequestModel(BaseModel):
    """What is sent: exactly the documented fields, refused here when the vendor would refuse them.

    Fields have the vendor's names in snake_case and accept both spellings. A field that holds a
    secret is declared with ``repr=False``; that also keeps its value out of error messages.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=to_pascal,
        hide_input_in_errors=True,
    )

    def body(self) -> dict[str, object]:
        """The JSON body; a field that is None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def secrets(self) -> list[str]:
        """The values that must never be shown, also not when the vendor repeats them."""
        hidden = (
            getattr(self, name) for name, field in type(self).model_fields.items() if not field.repr
        )
        return [value for value in hidden if isinstance(value, str) and value]


class WireNames:
    """Marks an answer's field with further names under which the vendor sends it."""

    def __init__(self, *names: str) -> None:
        self.names = names


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


class ResponseModel(BaseModel):
    """What comes back, read as the vendor spells it today.

    Keys match whatever their capitals are (``Tnid``, ``TNID``), since the vendor spells one field
    in several ways. Unknown keys are kept in `model_extra`. A field that has an unexpected type
    and is not required reads as absent: an odd QR code must not cost the order id beside it.
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
        # Unknown fields stay out of reprs: nobody has judged whether they hold secrets.
        known = type(self).model_fields
        return (pair for pair in super().__repr_args__() if pair[0] in known)

    @classmethod
    def _by_field(cls, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Split `data` into values by field name and what no field claims."""
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
"""For the rows of an envelope: the key must be there, since its absence proves nothing."""


class EmptyResponse(ResponseModel):
    """The answer to a call of which only the success matters."""


class Address(RequestModel):
    """A postal address as accounts carry it; the vendor documents ``USA`` for `country`."""

    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None


class AddressResponse(ResponseModel):
    """A postal address in an answer; the vendor may send nulls and empty strings."""

    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
