"""What call filters and message filters share."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from telegent._models import Id, RequestModel, ResponseModel, WireNames


class KeywordFilter(RequestModel):
    """Words to look for; the vendor takes it as JSON inside a text field.

    `severity_map` gives a word's severity, e.g. ``HIGH``.
    """

    custom_keywords: list[str] = []
    system_keywords: dict[str, list[str]] = {}
    severity_map: dict[str, str] = {}


class KeywordFilterResponse(ResponseModel):
    """The words a filter looks for."""

    custom_keywords: list[str] | None = None
    system_keywords: dict[str, list[str]] | None = None
    severity_map: dict[str, str] | None = None


def _as_text(keywords: KeywordFilter | None) -> str | None:
    return None if keywords is None else json.dumps(keywords.body())


def _from_text(value: Any) -> Any:
    # One of the vendor's samples sends the text without its outer braces.
    if not isinstance(value, str):
        return value
    text = value.strip()
    return json.loads(text if text.startswith("{") else f"{{{text}}}")


KeywordText = Annotated[KeywordFilter | None, PlainSerializer(_as_text, return_type=str | None)]
KeywordTextResponse = Annotated[KeywordFilterResponse | None, BeforeValidator(_from_text)]
FilterId = Annotated[Id, WireNames("CallFilterId", "MessageFilterId")]
"""The vendor names a filter's id differently in requests and in answers."""
Entries = Annotated[list[str], Field(min_length=1)]
