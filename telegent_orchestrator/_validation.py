"""Errors between the fields of a request, and validation errors as sentences."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from telegent_orchestrator._display import replace_unprintable

MAX_ITEMS = 500
"""Items of a list in one request: Temporal limits the open children and the history."""
MAX_ERRORS = 50
"""Errors that are named of one request."""
MAX_SUGGESTIONS = 5
"""Unknown fields of one request for which a known name is suggested: each comparison takes time,
which a flood of invalid signals would take from a workflow task."""
NUMBER_IS_FIXED = (
    "cannot be corrected, because it identifies the port-in: cancel it, and start a port-in of the "
    "right number"
)
MAX_TEXT_LENGTH = 300
PRODUCT_TYPES = ("Sms-Only", "Data-Only", "Sms+Data", "Sms+Data+Voice")
UNION_TAGS = frozenset({"new", "existing", "port_in"})
"""Tags of the unions of an onboarding, which pydantic puts into the location of an error."""
PATTERN_MESSAGES: dict[str, str] = {}
"""What to say about a text that does not match a pattern; `matching` in `_models` fills it."""
MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "json_type": "must be JSON",
    "json_invalid": "is not valid JSON, or contains half of a surrogate pair such as \\ud800",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text, in quotes",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "needs the field {discriminator}",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_parsing": "must be an amount such as 12.50",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}
"""Our messages for the error types of pydantic; `{name}` is a value of the error's context."""
TIME_TYPES = ("datetime_", "timezone_")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z_-]*[0-9]?|e911_address")
_PYDANTIC_SUBJECT = re.compile(r"^(Input|String|List|Value|Decimal input|Dictionary) should")

FieldError = tuple[tuple[str | int, ...], str]
IndexedItems = list[tuple[int, dict[str, Any]]]


def cross_field_errors(raw: dict[str, Any]) -> list[FieldError]:
    """Errors between the fields of an onboarding request, also if some fields are invalid.

    At most MAX_ERRORS, so that a request with a million errors does not take minutes.
    """
    return list(islice(_iter_cross_field_errors(raw), MAX_ERRORS))


def _iter_cross_field_errors(raw: dict[str, Any]) -> Iterator[FieldError]:
    subscribers = _indexed_items(raw, "subscribers")
    products = _indexed_items(raw, "products")
    packages = _indexed_items(raw, "packages")
    lines = _indexed_items(raw, "lines")
    lists = {"subscribers": subscribers, "products": products, "packages": packages, "lines": lines}
    for name, items in lists.items():
        yield from _duplicate_errors(name, items, "key")
    yield from _duplicate_errors("subscribers", subscribers, "email")
    yield from _duplicate_errors("subscribers", subscribers, "subscriber_id")
    yield from _duplicate_errors("products", products, "sku")
    yield from _duplicate_errors("packages", packages, "name")
    subscriber_keys, product_keys, package_keys = map(_keys, (subscribers, products, packages))
    for at, package in packages:
        for item_at, item in _indexed_items(package, "items"):
            where = ("packages", at, "items", item_at)
            yield from _unknown_key_errors(item, "product", product_keys, where)
    for at, line in lines:
        yield from _unknown_key_errors(line, "subscriber", subscriber_keys, ("lines", at))
        yield from _unknown_key_errors(line, "package", package_keys, ("lines", at))
    yield from _guardian_errors(raw, subscribers, lines)
    yield from _line_errors(raw, lines)


def _guardian_errors(
    raw: dict[str, Any], subscribers: IndexedItems, lines: IndexedItems
) -> Iterator[FieldError]:
    known = _keys(subscribers)
    guarded = _keys([found for found in subscribers if found[1].get("guardian") is True])
    for at, relation in _indexed_items(raw, "relations"):
        for role in ("parent", "child"):
            yield from _unknown_key_errors(relation, role, known, ("relations", at))
            name = relation.get(role)
            if name in known and name not in guarded:
                yield ("relations", at, role), f"subscriber '{name}' needs \"guardian\": true"
        if relation.get("parent") == relation.get("child"):
            yield ("relations", at), "parent and child are the same subscriber"
    for at, line in lines:
        name = line.get("subscriber")
        for kind in ("call_filter", "message_filter"):
            if line.get(kind) and name in known and name not in guarded:
                yield ("lines", at, kind), f"subscriber '{name}' needs \"guardian\": true"


def _line_errors(raw: dict[str, Any], lines: IndexedItems) -> Iterator[FieldError]:
    routes = raw.get("routes")
    no_voice_route = isinstance(routes, dict) and routes.get("voice") is None
    seen: dict[str, set[str]] = {"iccid": set(), "phone_number": set()}
    for at, line in lines:
        product_type = line.get("product_type", "Sms+Data+Voice")
        if product_type == "Sms+Data+Voice" and no_voice_route:
            yield ("lines", at, "product_type"), "a line with voice needs routes.voice"
        for field, message in _product_type_errors(product_type, line):
            yield ("lines", at, field), message
        number = line.get("number")
        if not isinstance(number, dict):
            continue
        if number.get("classification") == "iot":
            for location, message in _iot_errors(product_type, line, number):
                yield ("lines", at, *location), message
        for name, values in seen.items():
            value = number.get(name)
            if not isinstance(value, str):
                continue
            value = canonical_iccid(value) if name == "iccid" else value.strip()
            if value in values:
                yield ("lines", at, "number", name), "is already used by another line"
            values.add(value)


def _product_type_errors(product_type: str, line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a line asks for and its product type does not have."""
    if product_type not in PRODUCT_TYPES:
        return
    for field, part, types in (
        ("call_filter", "voice", ("Sms+Data+Voice",)),
        ("e911_address", "voice", ("Sms+Data+Voice",)),
        ("message_filter", "messages", ("Sms-Only", "Sms+Data", "Sms+Data+Voice")),
        ("data_limits", "data", ("Data-Only", "Sms+Data", "Sms+Data+Voice")),
        ("renewal", "data", ("Data-Only", "Sms+Data", "Sms+Data+Voice")),
    ):
        if line.get(field) and product_type not in types:
            yield field, f"needs a line with {part}, and product_type {product_type} has none"


def _iot_errors(
    product_type: str, line: Mapping[str, Any], number: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """IoT numbers need a SIM and have neither voice nor A2P (Telegent's knowledge base)."""
    if not number.get("iccid"):
        yield ("number", "iccid"), "is required for an IoT number"
    if product_type == "Sms+Data+Voice":
        yield ("product_type",), "an IoT line has no voice: choose Data-Only or Sms+Data"
    if line.get("message_type") == "a2p":
        yield ("message_type",), "an IoT line has no A2P messages: use p2p"


def canonical_iccid(text: str) -> str:
    """An ICCID without separators and without the filler `F` that pads it to 20 characters."""
    return re.sub(r"[\s\u2010-\u2015\u2212-]", "", text).upper().removesuffix("F")


def name_words(name: str) -> list[str]:
    """The words of a name for comparison, in lower case and without punctuation."""
    return re.findall(r"[a-z0-9]+", name.casefold().replace("&", " and "))


def _indexed_items(raw: dict[str, Any], name: str) -> IndexedItems:
    """The objects in a list; none of a list that is rejected for its length."""
    items = raw.get(name)
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        return []
    return [(at, item) for at, item in enumerate(items) if isinstance(item, dict)]


def _keys(items: IndexedItems) -> list[str]:
    return sorted(key for _, item in items if isinstance(key := item.get("key"), str))


def _duplicate_errors(name: str, items: IndexedItems, field: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for at, item in items:
        value = item.get(field)
        if not isinstance(value, str):
            continue
        canonical = " ".join(value.casefold().split())
        if canonical in seen:
            yield (name, at, field), f"is used twice in {name}"
        seen.add(canonical)


def _unknown_key_errors(
    item: dict[str, Any], field: str, keys: Sequence[str], where: tuple[str | int, ...]
) -> Iterator[FieldError]:
    name = item.get(field)
    if isinstance(name, str) and name not in keys:
        known = ", ".join(keys) or "none"
        yield (*where, field), f"'{truncate(name, 40)}' is not a key in this request; keys: {known}"


def format_errors(error: ValidationError, model: type[BaseModel] | None = None) -> list[str]:
    """The errors of a rejected request as sentences, `field: message`, without its values.

    Args:
        error: What validation raised.
        model: The model that was validated, to suggest names for the first unknown fields.

    Returns:
        At most MAX_ERRORS sentences, then `and more`. A name that does not look like a field may
        be a value in the wrong place, and is not repeated.
    """
    details = error.errors(include_url=False, include_input=False)
    messages: list[str] = []
    unknown = 0
    for found in details[:MAX_ERRORS]:
        unknown += found["type"] == "extra_forbidden"
        described = describe_error(found, model if unknown <= MAX_SUGGESTIONS else None)
        messages.append(truncate(f"{_format_location(found['loc'])}: {described}"))
    return [*messages, "and more"] if len(details) > len(messages) else messages


def describe_error(error: ErrorDetails, model: type[BaseModel] | None = None) -> str:
    """What is wrong with a field, without its value."""
    kind, context = error["type"], error.get("ctx", {})
    if isinstance(described := context.get("described"), str):
        # Described already, when the errors of a request were collected.
        return described
    if kind == "extra_forbidden":
        return _describe_unknown_field(error["loc"], model)
    if kind == "string_pattern_mismatch":
        return PATTERN_MESSAGES.get(context["pattern"], "has a wrong format")
    if kind.startswith(TIME_TYPES):
        return "must be a date and time with a zone, such as 2026-11-23T15:00:00Z"
    if kind.startswith("date_"):
        return "must be a date such as 2026-11-23"
    if kind in MESSAGES:
        return MESSAGES[kind].format_map(context)
    text = error["msg"].removeprefix("Value error, ")
    return _PYDANTIC_SUBJECT.sub("must", text)


def _describe_unknown_field(location: tuple[str | int, ...], model: type[BaseModel] | None) -> str:
    name = str(location[-1]).lower()
    # What a model says about fields that a sender may expect in it.
    explained: Mapping[str, str] = getattr(model, "UNKNOWN_FIELDS", {})
    if len(location) == 1 and name in explained:
        return explained[name]
    known = _fields_at(model, location[:-1]) if model else None
    if not known:
        return "unknown field"
    # Names that are less alike must begin alike: zip is zip_code, and zipcode is not iccid.
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [
        other for other in difflib.get_close_matches(name, known, cutoff=0.5) if other[0] == name[0]
    ]
    if close:
        return f"unknown field; did you mean {close[0]}?"
    return f"unknown field; known fields: {', '.join(sorted(known))}"


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> set[str]:
    """Names of the fields that an object at this location can have."""
    models = [model]
    for part in location:
        if isinstance(part, str):
            models = _models_at(models, part)
    return {name for each in models for name in each.model_fields}


def _models_at(models: list[type[BaseModel]], part: str) -> list[type[BaseModel]]:
    """What these models have under the name of a field, or which of them has this tag."""
    if tagged := [each for each in models if part in _kinds(each)]:
        return tagged
    if fields := [each.model_fields[part] for each in models if part in each.model_fields]:
        return [found for field in fields for found in _models_in(field.annotation)]
    # NewAccount has the tag `new`.
    return [each for each in models if each.__name__.lower().startswith(part)] or models


def _kinds(model: type[BaseModel]) -> tuple[object, ...]:
    """The values of the field by which its union is discriminated."""
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _format_location(location: tuple[str | int, ...]) -> str:
    return ".".join(map(_format_location_part, location)) or "request"


def _format_location_part(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "(a field)"


def truncate(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """The beginning of a text from outside, with unprintable characters replaced."""
    cut = text if len(text) <= max_length else text[: max_length - 1] + "…"
    return replace_unprintable(cut)
