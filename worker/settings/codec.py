"""Settings of the codec server: where it listens, who may use it, and from which pages."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from worker.settings.base import CommonSettings, Port, is_loopback, split_csv

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{24,255}")


@dataclass(frozen=True)
class Operator:
    """A user of the codec server: the name in the log, and the token."""

    name: str
    token: SecretStr


def parse_operators(text: str) -> tuple[Operator, ...]:
    """Parse `name:token` entries, separated by commas or lines. A name may have two tokens.

    Raises:
        ValueError: An entry is invalid; the message names it by position, never by content.
    """
    operators: dict[str, Operator] = {}
    entries = [entry.strip() for entry in re.split(r"[,\n]", text) if entry.strip()]
    for position, entry in enumerate(entries, start=1):
        name, colon, token = entry.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise ValueError(
                f"entry {position} must be name:token with a name of letters, digits, . _ @ -"
            )
        if not _TOKEN.fullmatch(token):
            raise ValueError(
                f"the token in entry {position} must be 24 to 255 of letters, digits, . _ ~ + / = -"
            )
        if token in operators:
            raise ValueError(f"entry {position} repeats the token of an earlier one")
        operators[token] = Operator(name, SecretStr(token))
    return tuple(operators.values())


def _parse_operators(value: object) -> object:
    return parse_operators(value) if isinstance(value, str) else value


def _require_operators(host: str, info: ValidationInfo) -> str:
    # Invalid operators have an error of their own, and are missing in the data.
    if not info.data.get("codec_operators", True) and not is_loopback(host):
        raise ValueError(
            "needs TELEGENT_CODEC_OPERATORS: without it, every client that reaches this address "
            "can read all payloads"
        )
    return host


Origin = Annotated[str, Field(pattern=r"^https?://[^/\s*]+$")]


class CodecServerSettings(CommonSettings):
    """Settings of `python -m worker codec-server`."""

    codec_operators: Annotated[
        tuple[Operator, ...], NoDecode, BeforeValidator(_parse_operators)
    ] = Field(
        default=(),
        description="users of the codec server as `name:token`, separated by commas or lines; "
        "tokens have 24 characters or more. Unset: no authentication",
    )
    codec_host: Annotated[str, AfterValidator(_require_operators)] = Field(
        default="127.0.0.1",
        description="address that the codec server listens on; without operators only a loopback "
        "address",
    )
    codec_port: Port = Field(default=8081, description="port that the codec server listens on")
    codec_allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(split_csv)] = (
        Field(
            default=(),
            description="origins of the Temporal UI that may call the codec server from a browser, "
            "separated by commas, such as `http://localhost:8080`",
        )
    )

    def secrets(self) -> list[str]:
        """Values that must never be logged."""
        tokens = [operator.token.get_secret_value() for operator in self.codec_operators]
        return [*super().secrets(), *tokens]
