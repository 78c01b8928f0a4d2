"""What settings of the webhook in and of the events out look like, and when they fit together.

A check of several settings stands with the last of them, so that a fault is named once.
"""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from telegent_orchestrator.events import signing_key
from worker.settings.base import is_loopback


def _require_username(password: SecretStr, info: ValidationInfo) -> SecretStr:
    if bool(password.get_secret_value()) != bool(info.data.get("webhook_username")):
        raise ValueError("TELEGENT_WEBHOOK_USERNAME and TELEGENT_WEBHOOK_PASSWORD go together")
    return password


def _require_credentials(value: str, info: ValidationInfo) -> str:
    """What others can reach needs credentials, by which the vendor shows that it is the vendor."""
    if value and not is_loopback(value):
        basic, token = info.data.get("webhook_username"), info.data.get("webhook_token")
        if not basic and not (token and token.get_secret_value()):
            raise ValueError(
                "needs TELEGENT_WEBHOOK_TOKEN, or TELEGENT_WEBHOOK_USERNAME and "
                "TELEGENT_WEBHOOK_PASSWORD, or else anybody can send order updates"
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
    # A secret that is wrong is a fault of its own, and then not in the data.
    secret = info.data.get("event_secret")
    if urls and secret is not None and not secret.get_secret_value():
        raise ValueError("needs TELEGENT_EVENT_SECRET, by which receivers know who sends")
    return urls


WebhookUsername = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^[^:]*$",
        description="user name that Telegent presents with order updates (Basic)",
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
        description="token that Telegent presents with order updates (Bearer), in place of user "
        "name and password",
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
        description="where Telegent reaches `python -m worker webhook` from outside, such as "
        "`https://mvno.example.com/telegent/order-update`: onboardings register it for their "
        "account. Unset: they register nothing",
    ),
    AfterValidator(_require_credentials),
]
EventSecret = Annotated[
    SecretStr,
    Field(description="key that signs events: 24 to 64 bytes in base64, with `whsec_` or without"),
    AfterValidator(_validate_signing_key),
]
EventUrls = Annotated[
    tuple[Annotated[str, Field(pattern=r"^https?://[^@\s/]+(/[^@\s]*)?$")], ...],
    NoDecode,
    BeforeValidator(_split_urls),
    Field(
        repr=False,
        description="URLs that get an event for every change of an onboarding, line or port-in, "
        "separated by commas; some hold a key",
    ),
    AfterValidator(_require_secret),
]
EventPersonalData = Annotated[bool, Field(description="whether events hold phone numbers")]
