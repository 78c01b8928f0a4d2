"""Base classes of the payload models, and the value types of their fields."""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.fields import FieldInfo

from telegent_orchestrator._validation import PATTERN_MESSAGES, canonical_iccid, truncate

PLACEHOLDER = "…"
"""In sample messages, the place of a value that the operator must fill in."""

# Line breaks, control characters, and invisible characters that change the direction of text or
# hide in it: they break tables and logs, and make equal names differ.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# Letters and signs without ink, and marks that only change the character before them.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class WireModel(BaseModel):
    """A value that crosses Temporal. Unknown fields are ignored, so that versions can differ.

    Inputs never appear in validation errors: they may be account numbers, PINs or passwords.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class StrictModel(WireModel):
    """A request of another service or an operator: an unknown field is a mistake, and rejected."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class OperatorMessage(StrictModel):
    """A message that an operator may copy from a sample: placeholders are rejected."""

    @model_validator(mode="after")
    def _reject_placeholders(self) -> Self:
        if left := [name for name, value in self if PLACEHOLDER in str(value)]:
            raise ValueError(f"{', '.join(left)}: write a value in place of {PLACEHOLDER}")
        return self


def single_line(text: str) -> str:
    """The text. Raises ValueError if it has line breaks or control characters."""
    if _CONTROL_CHARACTERS.search(text):
        raise ValueError("must be one line, without control characters")
    return text


def canonical_text(text: str) -> str:
    """The text in one spelling: composed characters (NFC), single blanks, none at the ends.

    Raises ValueError if nothing is left, or if it has line breaks or control characters.
    """
    canonical = " ".join(unicodedata.normalize("NFC", single_line(text.strip())).split())
    if not any(map(_is_visible, canonical)):
        raise ValueError("must not be empty")
    return canonical


def secret_text(text: str) -> str:
    """The text, unchanged. Raises ValueError if it is blank, or has line breaks."""
    if not any(map(_is_visible, text)):
        raise ValueError("must not be empty")
    return single_line(text)


def _is_visible(char: str) -> bool:
    """Whether a character shows something of its own: no blank, no mark, no control character."""
    return char.isprintable() and not char.isspace() and not _BLANK.match(char)


def matching(pattern: str, message: str, description: str | None = None) -> FieldInfo:
    """A field that matches a pattern, with what to say about a text that does not."""
    PATTERN_MESSAGES[pattern] = message
    info: FieldInfo = Field(pattern=pattern, description=description)
    return info


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _canonical_iccid(value: object) -> object:
    return canonical_iccid(value) if isinstance(value, str) else value


# Digits are [0-9] in patterns: \d would accept those of every script.
E164 = Annotated[
    str,
    Field(
        pattern=r"^\+[1-9][0-9]{7,14}$",
        description="phone number in E.164: a plus sign, country code, number, no spaces",
        examples=["+18015550123"],
    ),
    BeforeValidator(_strip),
]
PATTERN_MESSAGES[r"^\+[1-9][0-9]{7,14}$"] = (
    "must be a phone number with + and the country code and without spaces, such as +18015550123"
)
_TOLL_FREE = frozenset({"800", "822", "833", "844", "855", "866", "877", "888"})
_NOT_GEOGRAPHIC = _TOLL_FREE | {"900", "500", "700", "710"}
_NOT_SUBSCRIBERS = frozenset({"950", "976"})
"""Exchanges of carrier access codes and of paid services."""


def _portable_number(number: str) -> str:
    """The number. Raises ValueError if it can be neither a mobile nor a landline number in +1.

    Only the structure of the North American Numbering Plan is checked. Area codes are added every
    year, so that an unknown one is left to the vendor's eligibility check.
    """
    if not re.fullmatch(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", number):
        raise ValueError(
            "must be a number in +1 with ten digits, of which neither the area code nor the "
            "exchange begins with 0 or 1, such as +18015550123"
        )
    area_code, exchange = number[2:5], number[5:8]
    # 5XX with equal last digits, and those from 521 to 529, are personal numbers.
    personal = area_code[0] == "5" and (area_code[1] == area_code[2] or "521" <= area_code <= "529")
    if area_code in _NOT_GEOGRAPHIC or area_code.endswith("11") or personal:
        raise ValueError(
            f"cannot be ported in: {area_code} is not an area code of mobile or landline numbers"
        )
    if exchange in _NOT_SUBSCRIBERS or exchange.endswith("11"):
        raise ValueError(
            f"cannot be ported in: {exchange} is not an exchange of mobile or landline numbers"
        )
    return number


PortableNumber = Annotated[E164, AfterValidator(_portable_number)]
Iccid = Annotated[
    str,
    matching(
        r"^89[0-9]{16,18}$",
        "must be the 18 to 20 digits printed on the SIM, beginning with 89",
        "SIM serial: 18 to 20 digits that begin with 89; spaces, hyphens and a final F are removed",
    ),
    BeforeValidator(_canonical_iccid),
]
ZipCode = Annotated[
    str,
    matching(
        r"^[0-9]{5}(-[0-9]{4})?$",
        "must be a US ZIP code of 5 digits, such as 84043, or of 5 and 4, such as 84043-1234",
        "US ZIP code",
    ),
    BeforeValidator(_strip),
]
_STATES = (
    "AK|AL|AR|AS|AZ|CA|CO|CT|DC|DE|FL|GA|GU|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MP|MS|MT|NC|"
    "ND|NE|NH|NJ|NM|NV|NY|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VA|VI|VT|WA|WI|WV|WY"
)
StateCode = Annotated[
    str,
    matching(
        f"^({_STATES})$",
        "must be the two letters of a US state or territory, such as UT",
        "two letters of a US state or territory",
    ),
    BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value),
]
Email = Annotated[
    str,
    Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254),
    AfterValidator(single_line),
    BeforeValidator(_strip),
]
PATTERN_MESSAGES[r"^[^@\s]+@[^@\s]+\.[^@\s]+$"] = (
    "must be an e-mail address such as person@example.com"
)
Key = Annotated[
    str,
    matching(
        r"^[a-z0-9][a-z0-9-]{0,39}$",
        "must be 1 to 40 lower-case letters, digits and hyphens, such as first-line",
        "a name of your choice within the request, in lower-case letters, digits and "
        "hyphens. It is shown unencrypted in workflow ids and steps: no personal data",
    ),
]
Reference = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "must be 1 to 64 letters, digits, dots, hyphens and underscores, such as order-7",
        "your own id of this onboarding. It becomes part of workflow ids and of names "
        "at the vendor, so it must be unique and must not contain personal data",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(canonical_text)]
VendorText = Annotated[str, AfterValidator(truncate)]
"""A message from the vendor, cut and without unprintable characters."""
Timestamp = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]
"""A time of this century; another one is a mistake, and date arithmetic may overflow on it."""
CalendarDate = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
HttpUrl = Annotated[
    str,
    matching(r"^https?://[^\s/]+(/\S*)?$", "must be a URL that begins with http:// or https://"),
    Field(max_length=2000),
    AfterValidator(single_line),
    BeforeValidator(_strip),
]
