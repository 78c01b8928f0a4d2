"""What every payload model shares: how it decodes, and the plain value types."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """A value that crosses Temporal: unknown fields are ignored, so versions can differ.

    Inputs never appear in validation errors: they may be account numbers, PINs or passwords.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Request(Payload):
    """What a person or another service writes: an unknown field is a typing error, so refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


E164 = Annotated[
    str,
    Field(
        pattern=r"^\+[1-9]\d{7,14}$",
        description="phone number in E.164: a plus sign, country code, number, no spaces",
        examples=["+18015550123"],
    ),
]
Iccid = Annotated[
    str,
    Field(pattern=r"^89\d{16,18}F?$", description="SIM serial: 18 to 20 digits that begin with 89"),
]
ZipCode = Annotated[str, Field(pattern=r"^\d{5}(-\d{4})?$", description="US ZIP code")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Key = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        description="a name of your choice within the request, in lower-case letters, digits and "
        "hyphens. It is shown unencrypted in workflow ids and steps: no personal data",
    ),
]
Reference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="your own id of this onboarding. It becomes part of workflow ids and of names "
        "at the vendor, so it must be unique and must not contain personal data",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=200)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
