"""Building blocks of request models, which are strict, and the vendor's field types.

Request models use the vendor's field names. Fields that an operation does not document are
rejected. The real vendor may ignore them, but here they are more likely a mistake of the caller.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]
ResponseBody = Json | list[Json] | list[str]

Text = Annotated[str, Field(min_length=1)]
E164 = Annotated[str, Field(pattern=r"^\+[1-9]\d{7,14}$")]
EmailText = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Uri = Annotated[str, Field(pattern=r"^[a-z]+://\S+$")]
AreaCodeText = Annotated[str, Field(pattern=r"^(\d{3})?$")]
ZipCodeText = Annotated[str, Field(pattern=r"^(\d{5}(-\d{4})?)?$")]
# ICCIDs have 19 or 20 digits; the vendor's samples sometimes end in the filler F.
IccidText = Annotated[str, Field(pattern=r"^\d{18,20}F?$")]
Money = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]
ProductKind = Literal["Sms-Only", "Data-Only", "Sms+Data", "Sms+Data+Voice"]
MessageKind = Literal["a2p", "p2p"]
ListFilter = Literal["All", "Active", "Inactive"]


class Body(BaseModel):
    """A JSON request body, without type conversion or unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")

    def sent_fields(self) -> Json:
        """Return the fields that were sent, including nulls, for partial updates."""
        return self.model_dump(exclude_unset=True)

    def non_null_fields(self) -> Json:
        """Return the fields that were sent, for updates in which null changes nothing."""
        return {key: value for key, value in self.sent_fields().items() if value is not None}


class Query(BaseModel):
    """Query parameters. Text is converted to the declared type; unknown names are rejected."""

    model_config = ConfigDict(extra="forbid")


class NoParameters(Query):
    """No query parameters."""


class NumberItem(Body):
    """`{"Number": "+1..."}`, as several operations list numbers."""

    Number: E164


class Address(Body):
    """The postal address of an account; every part may be null."""

    Street1: str | None = None
    Street2: str | None = None
    City: str | None = None
    State: str | None = None
    Zip: str | None = None
    Country: str | None = None
