"""Requests and messages from JSON files, with single values set and secrets filled in."""

import getpass
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, JsonValue, ValidationError

from telegent_orchestrator._json_path import InvalidPathError, set_at
from telegent_orchestrator._json_text import InvalidTextError, decode_text, parse_json
from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.cli.connection import read_text
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.client._calls import RequestTooLargeError, check_size

Model = TypeVar("Model", bound=BaseModel)
SECRET_FIELDS = frozenset({"account_number", "account_pin", "password", "secret"})
"""Names of fields that are not accepted as arguments, which other users of the host can see."""

STDIN = "-"
File = Annotated[str, typer.Argument(metavar="FILE", help="JSON file, or `-` for standard input.")]


def _set_option(field: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help=f"Set a field of the JSON. FIELD is its path, such as `{field}`. Repeatable.",
    )
    return option


def _secret_option(purpose: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        "--secret",
        metavar="FIELD[=SOURCE]",
        help=f"{purpose} SOURCE: `env:NAME`, `file:PATH` or `-` (standard input); without it, "
        "prompt for the value.",
    )
    return option


PinOption = Annotated[
    list[str] | None, _secret_option("FIELD is `pin`: choose the PIN, which is random otherwise.")
]
PasswordOption = Annotated[list[str] | None, _secret_option("FIELD is `password`: set a new one.")]
SetOptions = Annotated[list[str] | None, _set_option("lines.0.key")]
SecretOptions = Annotated[
    list[str] | None,
    _secret_option("Fill in a secret, such as `subscribers.0.password`. Repeatable."),
]
LineChangeSetOptions = Annotated[list[str] | None, _set_option("lines_of.account_id")]
PortInSetOptions = Annotated[list[str] | None, _set_option("details.billing_address.zip")]
PortInSecretOptions = Annotated[
    list[str] | None,
    _secret_option("Fill in a secret, such as `details.account_pin`. Repeatable."),
]
CorrectionSetOptions = Annotated[list[str] | None, _set_option("billing_address.zip")]
CorrectionSecretOptions = Annotated[
    list[str] | None, _secret_option("Fill in a secret, such as `account_pin`. Repeatable.")
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who does this; stored in the workflow. Default: your login name."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; stored in the workflow.")]


def current_user() -> str:
    """The login name, for timelines."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


def load_request(
    model: type[Model],
    file: str | None,
    sets: list[str] | None,
    secrets: list[str] | None,
    **fields: JsonValue,
) -> Model:
    """Read a request and apply the options.

    Args:
        model: What the file holds.
        file: Path of a JSON file, `-` for standard input, None for an empty object.
        sets: Values of `--set`.
        secrets: Values of `--secret`.
        **fields: Fields to set. A `by` of None keeps the one in the file, or else is the login
            name; other fields that are None are left out.

    Raises:
        CommandError: With every error, and without values.
    """
    raw = read_json(file) if file else {}
    for option in sets or ():
        _apply_set_option(raw, option)
    for option in secrets or ():
        _apply_secret_option(raw, option, stdin_used=file == STDIN)
    for name, value in fields.items():
        if value is not None:
            raw[name] = value
        elif name == "by":
            raw.setdefault(name, current_user())
    return _validate(model, raw, _source_name(file) if file else "the command line")


def build_message(model: type[Model], **fields: JsonValue) -> Model:
    """A message of arguments alone. Raises CommandError with every error."""
    return load_request(model, None, None, None, **fields)


def _validate(model: type[Model], raw: JsonValue, source_name: str) -> Model:
    """The model, decoded as the worker decodes it."""
    try:
        request = model.model_validate_json(json.dumps(raw))
        check_size(request)
    except ValidationError as error:
        errors = format_errors(error, model)
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise CommandError(f"{source_name} has {count}", ExitStatus.USAGE, errors=errors) from None
    except RequestTooLargeError as error:
        raise CommandError(f"{source_name}: {error}", ExitStatus.USAGE) from None
    return request


def apply_secrets(raw: dict[str, JsonValue], secrets: list[str] | None) -> None:
    """Fill in the values of `--secret` where nothing is read from a file. Raises CommandError."""
    for option in secrets or ():
        _apply_secret_option(raw, option, stdin_used=False)


def read_json(file: str) -> dict[str, JsonValue]:
    """The JSON object in a file or in standard input. Raises CommandError."""
    source_name = _source_name(file)
    try:
        # As bytes: shells of Windows write UTF-16.
        text = (
            decode_text(sys.stdin.buffer.read())
            if file == STDIN
            else read_text(Path(file), "the request")
        )
        raw = parse_json(text)
    except InvalidTextError as error:
        raise CommandError(f"{source_name} {error}", ExitStatus.USAGE) from None
    if not isinstance(raw, dict):
        raise CommandError(f"{source_name} must hold a JSON object", ExitStatus.USAGE)
    return raw


def _source_name(file: str) -> str:
    return "standard input" if file == STDIN else file


def _apply_set_option(raw: dict[str, JsonValue], option: str) -> None:
    field, equals, value = option.partition("=")
    if not equals:
        raise CommandError("--set must be FIELD=VALUE", ExitStatus.USAGE)
    if field.rpartition(".")[2] in SECRET_FIELDS:
        raise CommandError(
            f"{field} is a secret, and others can see the command line: use --secret {field}",
            ExitStatus.USAGE,
        )
    literals: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
    _set_field(raw, field, literals.get(value, value))


def _apply_secret_option(raw: dict[str, JsonValue], option: str, *, stdin_used: bool) -> None:
    field, equals, source = option.partition("=")
    kind, _, name = source.partition(":")
    if not equals:
        value = _prompt(field)
    elif source == STDIN and not stdin_used:
        value = sys.stdin.readline().removeprefix("\ufeff").strip()
    elif source == STDIN:
        raise CommandError(
            "standard input cannot be both the request and a secret", ExitStatus.USAGE
        )
    elif kind == "env" and name:
        value = os.environ.get(name, "")
    elif kind == "file" and name:
        value = read_text(Path(name), f"the file for {field}").strip()
    else:
        # The source may be the secret itself: it is not repeated.
        raise CommandError(
            f"--secret {field}: only env:NAME, file:PATH or - may follow the =, never the value "
            "itself, because others can see the command line. Without = it is prompted for",
            ExitStatus.USAGE,
        )
    if not value:
        raise CommandError(
            f"--secret {field}: {source or 'the input'} is empty or not set", ExitStatus.USAGE
        )
    _set_field(raw, field, value)


def _prompt(field: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal getpass would warn and then echo the input.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{field}: ").strip()
        except (getpass.GetPassWarning, EOFError):
            raise CommandError(
                f"--secret {field}: there is no terminal to prompt at; name a source with "
                f"--secret {field}=env:NAME or {field}=file:PATH",
                ExitStatus.USAGE,
            ) from None


def _set_field(raw: dict[str, JsonValue], field: str, value: JsonValue) -> None:
    try:
        set_at(raw, field, value)
    except InvalidPathError:
        raise CommandError(f"the request has no field {field}", ExitStatus.USAGE) from None
