"""What every payload model shares: how it decodes, and the plain value types."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from telegent_orchestrator._validation import truncate

PLACEHOLDER = "…"
"""Stands in the samples that a workflow shows where a person must write."""

# Line breaks, control characters, and what turns the direction of text: they break tables and
# logs, and some databases refuse them.
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class WireModel(BaseModel):
    """A value that crosses Temporal: unknown fields are ignored, so versions can differ.

    Inputs never appear in validation errors: they may be account numbers, PINs or passwords.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class StrictModel(WireModel):
    """What a person or another service writes: an unknown field is a typing error, so refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class OperatorMessage(StrictModel):
    """What a person may send by copying a sample: one that is not filled in is refused."""

    @model_validator(mode="after")
    def _reject_placeholders(self) -> Self:
        if left := [name for name, value in self if PLACEHOLDER in str(value)]:
            raise ValueError(f"{', '.join(left)}: write a value in place of {PLACEHOLDER}")
        return self


def single_line(text: str) -> str:
    """The text. Raises ValueError when it has line breaks or control characters."""
    if _CONTROL_CHARACTERS.search(text):
        raise ValueError("must be one line, without control characters")
    return text


# Digits are [0-9] in patterns: \d would take those of every script.
E164 = Annotated[
    str,
    Field(
        pattern=r"^\+[1-9][0-9]{7,14}$",
        description="phone number in E.164: a plus sign, country code, number, no spaces",
        examples=["+18015550123"],
    ),
]
Iccid = Annotated[
    str,
    Field(
        pattern=r"^89[0-9]{16,18}F?$", description="SIM serial: 18 to 20 digits that begin with 89"
    ),
]
ZipCode = Annotated[str, Field(pattern=r"^[0-9]{5}(-[0-9]{4})?$", description="US ZIP code")]
Email = Annotated[
    str,
    Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254),
    AfterValidator(single_line),
]
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
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(single_line)]
VendorText = Annotated[str, AfterValidator(truncate)]
"""The vendor's words, as far as anybody wants to read them."""
Timestamp = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]
"""A time of this century: with others nobody can reckon, and they are mistakes."""
CalendarDate = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
HttpUrl = Annotated[
    str,
    Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000),
    AfterValidator(single_line),
]
