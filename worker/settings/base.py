"""What the settings of all processes have in common: sources and types."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from telegent_orchestrator.encryption import PayloadKey, parse_key_ring

PREFIX = "TELEGENT_"
SECRET_FIELDS = frozenset(
    {
        "account_key",
        "account_secret",
        "codec_operators",
        "event_secret",
        "event_urls",
        "id_key",
        "payload_keys",
        "webhook_password",
        "webhook_token",
    }
)
"""Fields whose value is never logged, and which can be read from the file named by `…_FILE`."""


def split_csv(value: object) -> object:
    """The items of a comma-separated setting."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse_key_ring(value: object) -> object:
    return parse_key_ring(value) if isinstance(value, str) else value


def _require_non_blank(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("must not be blank")
    return value


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveDuration = Annotated[float, Field(gt=0, le=3650)]
NonBlankSecret = Annotated[SecretStr, AfterValidator(_require_non_blank)]
Port = Annotated[int, Field(ge=0, le=65535)]


class CommonSettings(BaseSettings):
    """Settings of all long-running commands."""

    # An empty variable counts as unset: Compose passes it for a variable without a value.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    payload_keys: Annotated[tuple[PayloadKey, ...], NoDecode, BeforeValidator(_parse_key_ring)] = (
        Field(
            default=(),
            description="AES-256 keys for payloads as `id:base64key,id2:base64key2`: the first "
            "encrypts, all decrypt. Unset: payloads are stored unencrypted",
        )
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="lowest level that is logged"
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json`: one object per line; `console`: text for readers"
    )

    def secrets(self) -> list[str]:
        """Values that must never be logged."""
        values = (getattr(self, name) for name in SECRET_FIELDS if name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
