"""Settings of all processes: read from the environment, validated together, listed in one table.

The connection to Temporal (`TEMPORAL_*`) is not included: the Temporal SDK reads those variables.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails
from pydantic_settings import NoDecode

from activities.events import EventSettings
from activities.settings import ActivitySettings, OrderWebhook
from worker.settings.base import PREFIX, SECRET_FIELDS, CommonSettings, Port, split_csv
from worker.settings.codec import CodecServerSettings
from worker.settings.metrics import MetricsSettings
from worker.settings.port_in import PortingSettings
from worker.settings.telegent import TelegentSettings
from worker.settings.webhook import (
    EventPersonalData,
    EventSecret,
    EventUrls,
    WebhookHost,
    WebhookPassword,
    WebhookToken,
    WebhookUrl,
    WebhookUsername,
)

DEFAULT_BUILD_ID = "dev"
DEFAULT_MAX_CACHED_WORKFLOWS = 300


def _require_build_id(deployment_name: str, info: ValidationInfo) -> str:
    if deployment_name and info.data.get("build_id") == DEFAULT_BUILD_ID:
        raise ValueError("needs TELEGENT_BUILD_ID, which must differ for each build")
    return deployment_name


_URL_CREDENTIALS = re.compile(r"(?<=://)[^/?\s]*(?=@)|(?<=\?)\S+")
"""User names, passwords and queries of URLs, where keys may be."""


class SettingsError(Exception):
    """Settings are missing or invalid.

    Attributes:
        messages: One sentence for each error.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.messages = lines


class WebhookSettings(MetricsSettings):
    """Settings of `python -m worker webhook`."""

    webhook_username: WebhookUsername = ""
    webhook_password: WebhookPassword = SecretStr("")
    webhook_token: WebhookToken = SecretStr("")
    webhook_host: WebhookHost = "127.0.0.1"
    webhook_port: Port = Field(
        default=8082, description="port that the webhook receiver listens on"
    )


class WorkerSettings(MetricsSettings, PortingSettings, TelegentSettings):
    """Settings of the worker."""

    id_key: SecretStr = Field(
        default=SecretStr(""),
        description="key of the HMAC of phone numbers in workflow ids; all workers and "
        "callers must use the same one",
    )
    message_level_field: str | None = Field(
        default=None,
        description="AI Guardian's API field for the message level, which Telegent does not "
        "document. Unset: requests with a message level are rejected",
    )
    build_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{1,128}$")] = Field(
        default=DEFAULT_BUILD_ID, description="name of this build in Temporal, such as its commit"
    )
    deployment_name: Annotated[
        str,
        Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,127})?$"),
        AfterValidator(_require_build_id),
    ] = Field(
        default="",
        description="name of the Worker Deployment whose version this build is, such as "
        "`telegent-orchestrator`; turns Worker Versioning on",
    )
    max_cached_workflows: Annotated[int, Field(ge=10, le=10_000)] = Field(
        default=DEFAULT_MAX_CACHED_WORKFLOWS,
        description="workflows that a worker keeps in memory, at about 0.7 MiB each. Others are "
        "replayed for each task, so keep it above the number of busy workflows",
    )
    backlog_interval_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=60,
        description="seconds between counts of open port-ins and escalations for the metrics; "
        "0: off",
    )
    reconcile_cron: Annotated[str, Field(pattern=r"^(\S+( \S+){4})?$")] = Field(
        default="30 3 * * *",
        description="when Telegent is compared with the workflows, as a cron expression in "
        "`TELEGENT_TIME_ZONE`; empty: never",
    )
    reconcile_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=ActivitySettings.reconcile_share,
        description="share of the requests a minute that the comparison may take",
    )
    usage_cron: Annotated[str, Field(pattern=r"^(\S+( \S+){4})?$")] = Field(
        default="20 * * * *",
        description="when data usage is read, as a cron expression in `TELEGENT_TIME_ZONE`; "
        "empty: never",
    )
    usage_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=ActivitySettings.usage_share,
        description="share of the requests a minute that a reading of usage may take",
    )
    usage_thresholds: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1000)], ...],
        NoDecode,
        BeforeValidator(split_csv),
        AfterValidator(lambda percents: tuple(sorted(set(percents)))),
    ] = Field(
        default=ActivitySettings.usage_thresholds,
        description="shares of the data limit, in percent and separated by commas, at which an "
        "event is sent",
    )
    health_host: str = Field(
        default="127.0.0.1",
        description="address that health checks (`GET /healthz`, `GET /readyz`) listen on; in a "
        "container `0.0.0.0`",
    )
    health_port: Port = Field(default=0, description="port of the worker's health checks; 0: off")

    webhook_username: WebhookUsername = ""
    webhook_password: WebhookPassword = SecretStr("")
    webhook_token: WebhookToken = SecretStr("")
    webhook_url: WebhookUrl = ""
    event_secret: EventSecret = SecretStr("")
    event_urls: EventUrls = ()
    event_personal_data: EventPersonalData = False

    def order_webhook(self) -> OrderWebhook | None:
        """Where Telegent sends order updates, or None."""
        if not self.webhook_url:
            return None
        return OrderWebhook(
            url=self.webhook_url,
            username=self.webhook_username,
            password=self.webhook_password.get_secret_value(),
            token=self.webhook_token.get_secret_value(),
        )

    def secrets(self) -> list[str]:
        """Values that must never be logged."""
        return [*super().secrets(), *self.event_urls]

    def event_settings(self) -> EventSettings:
        """The receivers of events, and the signing key."""
        return EventSettings(
            urls=self.event_urls,
            secret=self.event_secret.get_secret_value(),
            personal_data=self.event_personal_data,
        )

    def activity_settings(self) -> ActivitySettings:
        """The settings of activities."""
        return ActivitySettings(
            id_key=self.id_key.get_secret_value(),
            read_lag=timedelta(seconds=self.read_lag_seconds),
            purchase_lag=timedelta(seconds=self.purchase_lag_seconds),
            order_poll=timedelta(seconds=self.order_poll_seconds),
            port_poll_schedule=self.poll_schedule(),
            port_poll_share=self.port_poll_share,
            port_in_policy=self.port_in_policy(),
            reconcile_share=self.reconcile_share,
            usage_share=self.usage_share,
            usage_thresholds=self.usage_thresholds,
            port_out_poll=timedelta(seconds=self.port_out_poll_seconds),
            time_zone=self.time_zone,
            wireline_pin_required=self.port_wireline_pin_required,
            capitalized_subscription_types=self.capitalized_subscription_types,
            message_level_field=self.message_level_field,
            order_webhook=self.order_webhook(),
            events=self.event_settings(),
        )


S = TypeVar("S", bound=CommonSettings)


def load_settings(settings_class: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        SettingsError: Some are missing or invalid; it names all of them.
    """
    values, messages = _read_secret_files(settings_class)
    settings = None
    try:
        # model_validate, because the type checker would require every field in a call.
        settings = settings_class.model_validate(values)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            field = str(details["loc"][0])
            # The error of an unreadable secret file is reported already; its field is not missing.
            messages.setdefault(field, _format_error(settings_class, field, details))
    if messages or settings is None:
        raise SettingsError(
            [messages[field] for field in settings_class.model_fields if field in messages]
        )
    return settings


def variable_name(field: str) -> str:
    """Name of a field's environment variable."""
    return PREFIX + field.upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that no setting has: probably misspelled."""
    known = {variable_name(field) for kind in _SETTINGS_CLASSES for field in kind.model_fields}
    known |= {variable_name(field) + "_FILE" for field in SECRET_FIELDS}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def markdown_table() -> str:
    """A Markdown table of all settings, as in docs/reference/settings.md."""
    fields = {name: info for kind in _SETTINGS_CLASSES for name, info in kind.model_fields.items()}
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, info in fields.items():
        if info.is_required():
            default = "required"
        elif name in SECRET_FIELDS or info.default in (None, (), ""):
            default = "unset"
        elif isinstance(info.default, tuple):
            default = f"`{','.join(str(part) for part in info.default)}`"
        else:
            default = f"`{info.default}`"
        also = (
            f". Or the file named by `{variable_name(name)}_FILE`" if name in SECRET_FIELDS else ""
        )
        rows.append(f"| `{variable_name(name)}` | {default} | {info.description}{also} |")
    return "\n".join(rows)


_SETTINGS_CLASSES: tuple[type[CommonSettings], ...] = (
    WorkerSettings,
    CodecServerSettings,
    WebhookSettings,
)


def _read_secret_files(
    settings_class: type[CommonSettings],
) -> tuple[dict[str, str], dict[str, str]]:
    """Values from `…_FILE` variables, and errors; both by field."""
    values: dict[str, str] = {}
    messages: dict[str, str] = {}
    for field in SECRET_FIELDS & settings_class.model_fields.keys():
        name = variable_name(field)
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            messages[field] = f"{name} and {name}_FILE are both set; set one of them"
            continue
        try:
            # Editors and `echo` end a file with a newline that is not part of the secret.
            values[field] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            messages[field] = f"{name}_FILE names {path}, which cannot be read: {reason}"
    return values, messages


def _format_error(settings_class: type[CommonSettings], field: str, details: ErrorDetails) -> str:
    name = variable_name(field)
    description = settings_class.model_fields[field].description
    if details["type"] == "missing":
        return f"{name} is not set (nor is {name}_FILE); it must be the {description}"
    value = _URL_CREDENTIALS.sub("…", os.environ.get(name, ""))
    shown = "" if field in SECRET_FIELDS else f"={value}"
    entry = "".join(f"entry {at + 1}: " for at in details["loc"][1:] if isinstance(at, int))
    message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name}{shown}: {entry}{message} ({description})"
