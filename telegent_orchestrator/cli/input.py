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

from telegent_orchestrator._json_path import NoPlaceError, put
from telegent_orchestrator._validation import faults_of
from telegent_orchestrator.cli.connection import read_text
from telegent_orchestrator.cli.results import Exit, Stop

Model = TypeVar("Model", bound=BaseModel)
SECRETS = frozenset({"account_number", "account_pin", "password", "secret"})
"""Names of fields that are never taken from the command line, where others can see them."""

STDIN = "-"
File = Annotated[str, typer.Argument(metavar="FILE", help="JSON file; `-`: standard input.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Put this value into the JSON, such as `reference=order-7`. Repeatable.",
    ),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="FIELD[=SOURCE]",
        help="Fill in a secret, such as `subscribers.0.password`. Without a source it is asked "
        "for; sources: `env:NAME`, `file:PATH`, `-` (standard input). Repeatable.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", help="Who does this; it stays in the timeline. Your login name by default."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stays in the timeline.")]


def me() -> str:
    """The name of whoever is logged in, for who did what."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


def request(
    model: type[Model],
    file: str | None,
    sets: list[str] | None,
    secrets: list[str] | None,
    **fields: JsonValue,
) -> Model:
    """The request in the file, with what options and `fields` add. Raises Stop with all faults.

    A `by` of None leaves the one in the file, or else names who is logged in.
    """
    raw = read_json(file) if file else {}
    for given in sets or ():
        _set(raw, given)
    for given in secrets or ():
        _fill_in(raw, given, stdin_taken=file == STDIN)
    for name, value in fields.items():
        if value is not None:
            raw[name] = value
        elif name == "by":
            raw.setdefault(name, me())
    return _validated(model, raw, _called(file) if file else "what was typed")


def message(model: type[Model], **fields: JsonValue) -> Model:
    """A message of typed words alone. Raises Stop with all faults."""
    return request(model, None, None, None, **fields)


def _validated(model: type[Model], raw: JsonValue, where: str) -> Model:
    """The model, read as the worker reads it. Raises Stop with all faults and no value of them."""
    try:
        return model.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        faults = faults_of(error)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise Stop(f"{where} has {count}", Exit.USAGE, faults=faults) from None


def read_json(file: str) -> dict[str, JsonValue]:
    """The JSON object in the file, or in standard input. Raises Stop."""
    text = sys.stdin.read() if file == STDIN else read_text(Path(file), "the request")
    where = _called(file)
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise Stop(
            f"{where} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}",
            Exit.USAGE,
        ) from None
    if not isinstance(raw, dict):
        raise Stop(f"{where} must hold a JSON object", Exit.USAGE)
    return raw


def _called(file: str) -> str:
    return "standard input" if file == STDIN else file


def _set(raw: dict[str, JsonValue], given: str) -> None:
    field, equals, value = given.partition("=")
    if not equals:
        raise Stop("--set must be FIELD=VALUE", Exit.USAGE)
    if field.rpartition(".")[2] in SECRETS:
        raise Stop(
            f"{field} is a secret, and others can see the command line: use --secret {field}",
            Exit.USAGE,
        )
    words: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
    _put(raw, field, words.get(value, value))


def _fill_in(raw: dict[str, JsonValue], given: str, *, stdin_taken: bool) -> None:
    field, equals, source = given.partition("=")
    kind, _, name = source.partition(":")
    if not equals:
        value = _ask(field)
    elif source == STDIN and not stdin_taken:
        value = sys.stdin.readline().strip()
    elif source == STDIN:
        raise Stop("standard input cannot be both the request and a secret", Exit.USAGE)
    elif kind == "env" and name:
        value = os.environ.get(name, "")
    elif kind == "file" and name:
        value = read_text(Path(name), f"the file for {field}").strip()
    else:
        # Whatever stands there may be the secret itself: it is not repeated.
        raise Stop(
            f"--secret {field}: only env:NAME, file:PATH or - may follow the =, never the value "
            "itself, because others can see the command line. Without a = it is asked for",
            Exit.USAGE,
        )
    if not value:
        raise Stop(f"--secret {field}: there is nothing in {source or 'the answer'}", Exit.USAGE)
    _put(raw, field, value)


def _ask(field: str) -> str:
    with warnings.catch_warnings():
        # It would go on, and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{field}: ").strip()
        except (getpass.GetPassWarning, EOFError):
            raise Stop(
                f"--secret {field}: there is no terminal to ask at; say where it is, with "
                f"--secret {field}=env:NAME or {field}=file:PATH",
                Exit.USAGE,
            ) from None


def _put(raw: dict[str, JsonValue], field: str, value: JsonValue) -> None:
    try:
        put(raw, field, value)
    except NoPlaceError:
        raise Stop(f"the request has no place {field}", Exit.USAGE) from None
