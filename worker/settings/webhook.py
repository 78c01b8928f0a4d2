"""Types of the settings of the inbound webhook and of outbound events.

A check that involves several settings belongs to the last of them, so that an error is reported
once.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from telegent_orchestrator.events import signing_key
from worker.settings.base import is_loopback


def _require_username(password: SecretStr, info: ValidationInfo) -> SecretStr:
    if bool(password.get_secret_value()) != bool(info.data.get("webhook_username")):
        raise ValueError(
            "TELEGENT_WEBHOOK_USERNAME and TELEGENT_WEBHOOK_PASSWORD must be set together"
        )
    return password


def _require_credentials(value: str, info: ValidationInfo) -> str:
    """Require credentials if the address can be reached from other machines."""
    if value and not is_loopback(value):
        basic, token = info.data.get("webhook_username"), info.data.get("webhook_token")
        if not basic and not (token and token.get_secret_value()):
            raise ValueError(
                "needs TELEGENT_WEBHOOK_TOKEN, or TELEGENT_WEBHOOK_USERNAME and "
                "TELEGENT_WEBHOOK_PASSWORD: without them, any client can send order updates"
            )
    return value


def _validate_signing_key(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value():
        signing_key(secret.get_secret_value())
    return secret


def _split_urls(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _require_secret(urls: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    # An invalid secret has an error of its own, and is missing in the data.
    secret = info.data.get("event_secret")
    if urls and secret is not None and not secret.get_secret_value():
        raise ValueError("needs TELEGENT_EVENT_SECRET, with which receivers verify the sender")
    return urls


WebhookUsername = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^[^:]*$",
        description="user name that Telegent sends with order updates (Basic)",
    ),
]
WebhookPassword = Annotated[
    SecretStr,
    Field(max_length=255, validate_default=True, description="password for that user name"),
    AfterValidator(_require_username),
]
WebhookToken = Annotated[
    SecretStr,
    Field(
        max_length=255,
        description="token that Telegent sends with order updates (Bearer), instead of user name "
        "and password",
    ),
]
WebhookHost = Annotated[
    str,
    Field(
        description="address that `python -m worker webhook` listens on; without credentials only "
        "a loopback address"
    ),
    AfterValidator(_require_credentials),
]
WebhookUrl = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^(https://[^\s/@]+/\S*)?$",
        description="public URL of `python -m worker webhook`, such as "
        "`https://mvno.example.com/telegent/order-update`; onboardings register it for their "
        "account. Unset: no webhook is registered",
    ),
    AfterValidator(_require_credentials),
]
EventSecret = Annotated[
    SecretStr,
    Field(description="key that signs events: 24 to 64 bytes in base64, with or without `whsec_`"),
    AfterValidator(_validate_signing_key),
]
EventUrls = Annotated[
    tuple[Annotated[str, Field(pattern=r"^https?://[^@\s/]+(/[^@\s]*)?$")], ...],
    NoDecode,
    BeforeValidator(_split_urls),
    Field(
        repr=False,
        description="URLs that receive an event for every change of an onboarding, line or "
        "port-in, separated by commas; treated as secrets",
    ),
    AfterValidator(_require_secret),
]
EventPersonalData = Annotated[bool, Field(description="whether events include phone numbers")]
