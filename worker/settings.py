"""The process's settings: read from the environment, checked together, documented in one place.

How to reach Temporal (`TEMPORAL_*`) is not here: the Temporal SDK reads those variables itself.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from activities.events import EventSettings
from activities.port_pace import Pace
from activities.port_rules import PortRules
from activities.settings import ActivitySettings
from activities.webhooks import OrderUpdates
from telegent import Timeouts
from telegent_orchestrator.encryption import PayloadKey, parse_key_ring
from worker.webhook_settings import (
    EventPersonalData,
    EventSecret,
    EventUrls,
    WebhookHost,
    WebhookPassword,
    WebhookToken,
    WebhookUrl,
    WebhookUsername,
)
from workflows.policies import CALL

PREFIX = "TELEGENT_"
SECRET_FIELDS = frozenset(
    {
        "account_key",
        "account_secret",
        "event_secret",
        "id_key",
        "payload_keys",
        "webhook_password",
        "webhook_token",
    }
)
"""Fields whose value is never shown, and which can also come from the file named by `…_FILE`."""

STAGES = ("connect", "read", "write", "pool")


class SettingsError(Exception):
    """Settings that are missing or wrong; `lines` has one sentence for each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def _key_ring(value: object) -> object:
    return parse_key_ring(value) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _filled(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("must not be blank")
    return value


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Span = Annotated[float, Field(gt=0, le=3650)]
Filled = Annotated[SecretStr, AfterValidator(_filled)]
Origin = Annotated[str, Field(pattern=r"^https?://[^/\s*]+$")]
Port = Annotated[int, Field(ge=0, le=65535)]


class CommonSettings(BaseSettings):
    """What every long-running command reads."""

    # An empty variable counts as unset: that is what Compose passes for one that has no value.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    payload_keys: Annotated[tuple[PayloadKey, ...], NoDecode, BeforeValidator(_key_ring)] = Field(
        default=(),
        description="AES-256 keys for payloads as `id:base64key,id2:base64key2`: the first "
        "encrypts, all decrypt. Unset: payloads are stored in the clear",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="least severe log line that is written"
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json`: one object a line; `console`: for a person to read"
    )

    def secrets(self) -> list[str]:
        """Values that must never be shown."""
        values = (getattr(self, name) for name in SECRET_FIELDS if name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


class CodecServerSettings(CommonSettings):
    """Settings of `python -m worker codec-server`."""

    codec_host: str = Field(default="127.0.0.1", description="address the codec server listens on")
    codec_port: Port = Field(default=8081, description="port the codec server listens on")
    codec_allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = (
        Field(
            default=(),
            description="origins of the Temporal UI that may call the codec server from a browser, "
            "separated by commas, such as `http://localhost:8080`",
        )
    )


class WebhookSettings(CommonSettings):
    """Settings of `python -m worker webhook`."""

    webhook_username: WebhookUsername = ""
    webhook_password: WebhookPassword = SecretStr("")
    webhook_token: WebhookToken = SecretStr("")
    webhook_host: WebhookHost = "127.0.0.1"
    webhook_port: Port = Field(default=8082, description="port that the webhook listens on")


class WorkerSettings(CommonSettings):
    """Settings of the worker."""

    account_key: Filled = Field(description="key of your Telegent account")
    account_secret: Filled = Field(description="secret of your Telegent account")
    base_url: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+/?$")] = Field(
        default="https://api.telegent.com",
        description="where the Telegent API answers: scheme and host, without a path",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = Field(
        default=45,
        description="requests a minute to Telegent: the rate of the API task queue over all "
        "workers, and of each process with token requests counted",
    )
    burst: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="requests a process may send at once after a quiet time"
    )
    connect_timeout_seconds: Seconds = Field(
        default=Timeouts.connect, description="seconds to reach Telegent"
    )
    read_timeout_seconds: Seconds = Field(
        default=Timeouts.read, description="seconds to wait for Telegent's answer"
    )
    write_timeout_seconds: Seconds = Field(
        default=Timeouts.write, description="seconds to send a request"
    )
    pool_timeout_seconds: Seconds = Field(
        default=Timeouts.pool, description="seconds to wait for a free connection"
    )
    call_timeout_seconds: Annotated[float, Field(gt=0, lt=CALL.total_seconds())] = Field(
        default=Timeouts.call,
        description="seconds for a whole call: token, request, both again when the token is "
        "rejected, and waiting for the request budget",
    )
    read_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=60, description="seconds that Telegent's lists may miss what was just created"
    )
    purchase_lag_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=900,
        description="seconds that the inventory may miss a number that was just bought: longer "
        "than an order takes to complete",
    )
    order_poll_seconds: Seconds = Field(
        default=15, description="seconds between looks at a number order that is not complete"
    )
    port_first_seconds: Seconds = Field(
        default=300, description="seconds to the first look at a port-in; later ones are rarer"
    )
    port_dense_seconds: Seconds = Field(
        default=1800, description="longest wait in seconds between looks at a young port-in"
    )
    port_dense_until_seconds: Seconds = Field(
        default=10_800, description="age in seconds at which a port-in stops being young"
    )
    port_hourly_seconds: Seconds = Field(
        default=3600,
        description="seconds between looks at a port-in of its first day. These and all later "
        "ones fall into the hours in which carriers work",
    )
    port_hourly_until_seconds: Seconds = Field(
        default=86_400, description="age in seconds at which a port-in's first day is over"
    )
    port_sparse_seconds: Seconds = Field(
        default=10_800, description="seconds between looks at an older port-in"
    )
    port_sparse_until_seconds: Seconds = Field(
        default=432_000, description="age in seconds at which a port-in is old"
    )
    port_rare_seconds: Seconds = Field(
        default=21_600,
        description="seconds between looks at an old port-in, and at one that waits for a person",
    )
    port_fixed_seconds: Seconds | None = Field(
        default=None,
        description="seconds between looks at any port-in, around the clock, in place of all the "
        "above: for a simulator",
    )
    port_reminder_days: Annotated[tuple[Span, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(1, 3, 7),
        description="days after which a person who must act on a port-in is reminded",
    )
    port_information_days: Span = Field(
        default=30, description="days that a port-in waits for missing data"
    )
    port_correction_days: Span = Field(
        default=14, description="days that a rejected port-in waits for a correction"
    )
    port_longest_days: Span = Field(
        default=14, description="age in days at which an open port-in is cancelled"
    )
    port_cancel_hours: Span = Field(
        default=24,
        description="hours after which an unconfirmed cancel needs a person",
    )
    port_rejections: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="rejections after which an operator must decide"
    )
    port_resubmit_unknown: bool = Field(
        default=False,
        description="whether Telegent is known to refuse a second active port of a number, so that "
        "a submit without an answer may be sent once more",
    )
    port_poll_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.4,
        description="part of the requests a minute that looks at open port-ins may take; when "
        "there are more, all of them are looked at less often",
    )
    port_out_poll_seconds: Seconds = Field(
        default=21_600,
        description="seconds between looks whether a number that may leave has left",
    )
    id_key: SecretStr = Field(
        default=SecretStr(""),
        description="key that keeps phone numbers unreadable in the ids of port-ins; callers must "
        "use the same one",
    )
    message_level_field: str | None = Field(
        default=None,
        description="AI Guardian's wire field for the message level, which no document names. "
        "Unset: requests that ask for a message level are refused",
    )
    build_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{1,128}$")] = Field(
        default="dev", description="names this build in Temporal, such as the commit"
    )
    health_port: Port = Field(
        default=0,
        description="port for `GET /healthz` and `GET /readyz` on the loopback address; 0: off",
    )

    webhook_username: WebhookUsername = ""
    webhook_password: WebhookPassword = SecretStr("")
    webhook_token: WebhookToken = SecretStr("")
    webhook_url: WebhookUrl = ""
    event_secret: EventSecret = SecretStr("")
    event_urls: EventUrls = ()
    event_personal_data: EventPersonalData = False

    @field_validator("call_timeout_seconds")
    @classmethod
    def _long_enough(cls, call: float, info: ValidationInfo) -> float:
        stages = [info.data.get(f"{stage}_timeout_seconds") for stage in STAGES]
        if call < sum(stage for stage in stages if stage is not None):
            raise ValueError(f"at least the sum of the timeouts for {', '.join(STAGES)}")
        return call

    def timeouts(self) -> Timeouts:
        """Limits for one exchange with Telegent."""
        return Timeouts(
            connect=self.connect_timeout_seconds,
            read=self.read_timeout_seconds,
            write=self.write_timeout_seconds,
            pool=self.pool_timeout_seconds,
            call=self.call_timeout_seconds,
        )

    def order_updates(self) -> OrderUpdates | None:
        """Where the vendor is to report order updates; None when nowhere."""
        if not self.webhook_url:
            return None
        return OrderUpdates(
            url=self.webhook_url,
            username=self.webhook_username,
            password=self.webhook_password.get_secret_value(),
            token=self.webhook_token.get_secret_value(),
        )

    def event_settings(self) -> EventSettings:
        """Who gets events, and how they are signed."""
        return EventSettings(
            urls=self.event_urls,
            secret=self.event_secret.get_secret_value(),
            personal_data=self.event_personal_data,
        )

    def activity_settings(self) -> ActivitySettings:
        """The part that the activities need."""
        fixed = timedelta(seconds=self.port_fixed_seconds) if self.port_fixed_seconds else None
        return ActivitySettings(
            id_key=self.id_key.get_secret_value(),
            read_lag=timedelta(seconds=self.read_lag_seconds),
            purchase_lag=timedelta(seconds=self.purchase_lag_seconds),
            order_poll=timedelta(seconds=self.order_poll_seconds),
            port_pace=Pace(
                first=timedelta(seconds=self.port_first_seconds),
                dense=timedelta(seconds=self.port_dense_seconds),
                dense_until=timedelta(seconds=self.port_dense_until_seconds),
                hourly=timedelta(seconds=self.port_hourly_seconds),
                hourly_until=timedelta(seconds=self.port_hourly_until_seconds),
                sparse=timedelta(seconds=self.port_sparse_seconds),
                sparse_until=timedelta(seconds=self.port_sparse_until_seconds),
                rare=timedelta(seconds=self.port_rare_seconds),
                fixed=fixed,
            ),
            port_poll_share=self.port_poll_share,
            port_rules=PortRules(
                reminders=[timedelta(days=days) for days in self.port_reminder_days],
                information_by=timedelta(days=self.port_information_days),
                correction_by=timedelta(days=self.port_correction_days),
                longest=timedelta(days=self.port_longest_days),
                cancel_by=timedelta(hours=self.port_cancel_hours),
                rejections=self.port_rejections,
                resubmit_unknown=self.port_resubmit_unknown,
            ),
            port_out_poll=timedelta(seconds=self.port_out_poll_seconds),
            message_level_field=self.message_level_field,
            order_updates=self.order_updates(),
            events=self.event_settings(),
        )


S = TypeVar("S", bound=CommonSettings)


def load_settings(kind: type[S]) -> S:
    """Settings of this kind from the environment. Raises SettingsError that names every fault."""
    values, faults = _secrets_from_files(kind)
    settings = None
    try:
        # model_validate, because a call would have to name each field for the type checker.
        settings = kind.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            field = str(fault["loc"][0])
            # A secret file that cannot be read has been named already; its field is not "unset".
            faults.setdefault(field, _sentence(kind, field, fault))
    if faults or settings is None:
        raise SettingsError([faults[field] for field in kind.model_fields if field in faults])
    return settings


def variable(field: str) -> str:
    """Name of the environment variable for a field."""
    return PREFIX + field.upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are read by nothing: most likely misspelt."""
    known = {variable(field) for kind in _KINDS for field in kind.model_fields}
    known |= {variable(field) + "_FILE" for field in SECRET_FIELDS}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def markdown_table() -> str:
    """Every setting with its default and meaning, as the README shows it."""
    fields = {name: info for kind in _KINDS for name, info in kind.model_fields.items()}
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
        also = f". Or the file named by `{variable(name)}_FILE`" if name in SECRET_FIELDS else ""
        rows.append(f"| `{variable(name)}` | {default} | {info.description}{also} |")
    return "\n".join(rows)


_KINDS: tuple[type[CommonSettings], ...] = (WorkerSettings, CodecServerSettings, WebhookSettings)


def _secrets_from_files(kind: type[CommonSettings]) -> tuple[dict[str, str], dict[str, str]]:
    """Values read from `…_FILE` variables, and faults; both by field."""
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for field in SECRET_FIELDS & kind.model_fields.keys():
        name = variable(field)
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            faults[field] = f"{name} and {name}_FILE are both set; set one of them"
            continue
        try:
            # Editors and `echo` end a file with a newline that is no part of the secret.
            values[field] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            faults[field] = f"{name}_FILE names {path}, which cannot be read: {reason}"
    return values, faults


def _sentence(kind: type[CommonSettings], field: str, fault: ErrorDetails) -> str:
    name = variable(field)
    description = kind.model_fields[field].description
    if fault["type"] == "missing":
        return f"{name} is not set (nor is {name}_FILE); it must be the {description}"
    shown = "" if field in SECRET_FIELDS else f"={os.environ.get(name, '')}"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name}{shown}: {message} ({description})"
