import base64
from datetime import timedelta
from pathlib import Path

import pytest

from activities.port_in.policy import PortInPolicy
from activities.settings import ActivitySettings
from telegent import Timeouts
from worker.settings import (
    SettingsError,
    WebhookSettings,
    WorkerSettings,
    load_settings,
    markdown_table,
    unknown_variables,
)
from worker.settings.codec import CodecServerSettings

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGENT_ACCOUNT_KEY", "key")
    monkeypatch.setenv("TELEGENT_ACCOUNT_SECRET", "s3cr3t")


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings(WorkerSettings)
    return refused.value.messages


def test_defaults_match_those_of_activities_and_client() -> None:
    settings = load_settings(WorkerSettings)
    assert settings.activity_settings() == ActivitySettings()
    assert settings.timeouts() == Timeouts()
    assert settings.requests_per_minute == 50
    assert settings.health_port == 0


def test_variables_reach_the_settings_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "ORDER_POLL_SECONDS": "1.5",
        "PORT_POLL_INITIAL_SECONDS": "1",
        "PORT_POLL_DENSE_SECONDS": "2",
        "PORT_POLL_DENSE_UNTIL_SECONDS": "3",
        "PORT_POLL_HOURLY_SECONDS": "4",
        "PORT_POLL_IDLE_SECONDS": "8",
        "PORT_POLL_FIXED_SECONDS": "0.2",
        "PORT_POLL_SHARE": "0.25",
        "PORT_OUT_POLL_SECONDS": "11",
        "PORT_REMINDER_DAYS": "2, 5",
        "PORT_MISSING_INFO_DAYS": "6",
        "PORT_CORRECTION_DAYS": "7",
        "PORT_MAX_DAYS": "8",
        "PORT_CANCEL_CONFIRMATION_HOURS": "9",
        "PORT_MAX_REJECTIONS": "4",
        "PORT_RESUBMIT_UNKNOWN": "true",
        "READ_LAG_SECONDS": "0",
        "ID_KEY": "id",
        "MESSAGE_LEVEL_FIELD": "Level",
        "CONNECT_TIMEOUT_SECONDS": "6",
        "READ_TIMEOUT_SECONDS": "7",
        "WRITE_TIMEOUT_SECONDS": "8",
        "POOL_TIMEOUT_SECONDS": "9",
        "CALL_TIMEOUT_SECONDS": "38",
        "PURCHASE_LAG_SECONDS": "10",
        "TIME_ZONE": "America/Denver",
        "RECONCILE_SHARE": "0.1",
        "RECONCILE_CRON": "0 5 * * 1",
        "USAGE_SHARE": "0.3",
        "USAGE_CRON": "5 */2 * * *",
        "USAGE_THRESHOLDS": "100, 50,100",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TELEGENT_{name}", value)
    settings = load_settings(WorkerSettings)
    activity = settings.activity_settings()
    assert activity.port_in_policy == PortInPolicy(
        reminders=[timedelta(days=2), timedelta(days=5)],
        missing_info_timeout=timedelta(days=6),
        correction_timeout=timedelta(days=7),
        max_duration=timedelta(days=8),
        cancel_confirmation_timeout=timedelta(hours=9),
        max_rejections=4,
        resubmit_unknown=True,
    )
    assert activity.order_poll == timedelta(seconds=1.5)
    assert activity.read_lag == timedelta(0)
    assert activity.port_out_poll == timedelta(seconds=11)
    assert activity.purchase_lag == timedelta(seconds=10)
    assert activity.time_zone.key == "America/Denver"
    assert (activity.id_key, activity.message_level_field) == ("id", "Level")
    pace = activity.port_poll_schedule
    assert pace.fixed == timedelta(seconds=0.2)
    spans = [pace.initial, pace.dense, pace.dense_until, pace.hourly, pace.idle]
    assert [span.total_seconds() for span in spans] == [1, 2, 3, 4, 8]
    assert activity.port_poll_share == 0.25
    assert (activity.reconcile_share, settings.reconcile_cron) == (0.1, "0 5 * * 1")
    assert (activity.usage_share, settings.usage_cron) == (0.3, "5 */2 * * *")
    assert activity.usage_thresholds == (50, 100)
    assert settings.timeouts() == Timeouts(connect=6, read=7, write=8, pool=9, call=38)


def test_each_invalid_variable_is_one_error_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGENT_ACCOUNT_KEY")
    lines = faults(
        monkeypatch,
        TELEGENT_ACCOUNT_SECRET=" ",
        TELEGENT_BASE_URL="api.telegent.com",
        TELEGENT_REQUESTS_PER_MINUTE="many",
        TELEGENT_REQUEST_WINDOW_SECONDS="0",
        TELEGENT_TIME_ZONE="Mars/Base",
        TELEGENT_READ_LAG_SECONDS="-1",
        TELEGENT_PORT_POLL_IDLE_SECONDS="inf",
        TELEGENT_PORT_POLL_SHARE="1.5",
        TELEGENT_RECONCILE_CRON="nightly",
        TELEGENT_USAGE_CRON="hourly",
        TELEGENT_USAGE_THRESHOLDS="80,all",
        TELEGENT_PAYLOAD_KEYS=f"a:{KEY},b:{KEY[:8]}",
        TELEGENT_LOG_LEVEL="LOUD",
        TELEGENT_LOG_FORMAT="xml",
        TELEGENT_HEALTH_PORT="70000",
        TELEGENT_BUILD_ID="a b",
    )
    named = [line.split("=")[0].split(":")[0].split()[0] for line in lines]
    assert sorted(named) == sorted(
        f"TELEGENT_{name}"
        for name in (
            "ACCOUNT_KEY",
            "ACCOUNT_SECRET",
            "BASE_URL",
            "REQUESTS_PER_MINUTE",
            "REQUEST_WINDOW_SECONDS",
            "TIME_ZONE",
            "READ_LAG_SECONDS",
            "PORT_POLL_IDLE_SECONDS",
            "PORT_POLL_SHARE",
            "RECONCILE_CRON",
            "USAGE_CRON",
            "USAGE_THRESHOLDS",
            "PAYLOAD_KEYS",
            "LOG_LEVEL",
            "LOG_FORMAT",
            "HEALTH_PORT",
            "BUILD_ID",
        )
    )
    text = "\n".join(lines)
    assert "\n" not in "".join(lines)
    assert KEY[:8] not in text
    assert (
        "TELEGENT_ACCOUNT_KEY is not set (nor is TELEGENT_ACCOUNT_KEY_FILE); "
        "it must be the key of your Telegent account"
    ) in lines
    assert "TELEGENT_LOG_FORMAT=xml: must be 'json' or 'console'" in text
    assert "TELEGENT_REQUEST_WINDOW_SECONDS=0: must be greater than 0" in text


@pytest.mark.parametrize(
    "url", ["https://api.telegent.com/v1.0", "https://key@host", "ftp://host", "https://", "host"]
)
def test_base_url_with_path_or_query_is_rejected(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    (line,) = faults(monkeypatch, TELEGENT_BASE_URL=url)
    assert line.startswith(f"TELEGENT_BASE_URL={url.replace('key@', '…@')}: ")


def test_invalid_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = faults(
        monkeypatch, TELEGENT_PAYLOAD_KEYS="hunter2", TELEGENT_REQUEST_WINDOW_SECONDS="x"
    )
    assert "hunter2" not in str(lines)
    assert "s3cr3t" not in str(lines)
    assert any("TELEGENT_PAYLOAD_KEYS: entry 1 must be id:base64key" in line for line in lines)


def test_credentials_in_urls_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = faults(
        monkeypatch,
        TELEGENT_BASE_URL="https://hunter2@host?hunter3",
        TELEGENT_EVENT_SECRET=KEY,
        TELEGENT_EVENT_URLS="https://a.example/?hunter2,ftp://b.example/hunter3",
        TELEGENT_WEBHOOK_URL="http://mvno.example.com/?token=hunter2",
    )
    assert [line.partition(": ")[0] for line in lines] == [
        "TELEGENT_BASE_URL=https://…@host?…",
        "TELEGENT_WEBHOOK_URL=http://mvno.example.com/?…",
        "TELEGENT_EVENT_URLS",
    ]
    assert "TELEGENT_EVENT_URLS: entry 2: " in lines[2]
    assert "hunter" not in str(lines)


def test_receiver_urls_are_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text("https://a.example/hunter2,https://b.example/\n")
    monkeypatch.setenv("TELEGENT_EVENT_SECRET", KEY)
    monkeypatch.setenv("TELEGENT_EVENT_URLS_FILE", str(tmp_path / "urls"))
    settings = load_settings(WorkerSettings)
    assert settings.event_urls == ("https://a.example/hunter2", "https://b.example/")
    assert "https://a.example/hunter2" in settings.secrets()
    assert "hunter2" not in f"{settings!r} {settings.event_settings()!r}"


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, content in (("ACCOUNT_SECRET", "from-file\n"), ("PAYLOAD_KEYS", f"k:{KEY}\n")):
        path = tmp_path / name
        path.write_text(content)
        monkeypatch.delenv(f"TELEGENT_{name}", raising=False)
        monkeypatch.setenv(f"TELEGENT_{name}_FILE", str(path))
    settings = load_settings(WorkerSettings)
    assert settings.account_secret.get_secret_value() == "from-file"
    assert settings.payload_keys[0].secret == b"k" * 32
    assert {"key", "from-file"} <= set(settings.secrets())
    assert "from-file" not in repr(settings)
    assert "kkkk" not in repr(settings)


def test_unreadable_secret_file_is_one_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TELEGENT_ACCOUNT_KEY")
    missing = str(tmp_path / "absent")
    lines = faults(
        monkeypatch, TELEGENT_ACCOUNT_KEY_FILE=missing, TELEGENT_REQUEST_WINDOW_SECONDS="x"
    )
    assert len(lines) == 2
    assert (
        f"TELEGENT_ACCOUNT_KEY_FILE names {missing}, which cannot be read: "
        "No such file or directory"
    ) in lines


def test_value_and_file_together_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = faults(monkeypatch, TELEGENT_ACCOUNT_KEY_FILE="/run/secrets/x")
    assert "both set" in line


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORDER_POLL_SECONDS", "PAYLOAD_KEYS", "PAYLOAD_KEYS_FILE", "MESSAGE_LEVEL_FIELD"):
        monkeypatch.setenv(f"TELEGENT_{name}", "")
    settings = load_settings(WorkerSettings)
    assert (settings.order_poll_seconds, settings.payload_keys) == (15, ())
    assert settings.message_level_field is None


def test_codec_server_needs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGENT_ACCOUNT_KEY")
    monkeypatch.delenv("TELEGENT_ACCOUNT_SECRET")
    monkeypatch.setenv("TELEGENT_CODEC_ALLOWED_ORIGINS", "http://a:1, https://b")
    settings = load_settings(CodecServerSettings)
    assert settings.codec_allowed_origins == ("http://a:1", "https://b")
    assert settings.codec_host == "127.0.0.1"


TOKEN = "a-token-of-24-characters"


def test_public_codec_server_needs_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGENT_CODEC_HOST", "0.0.0.0")
    with pytest.raises(SettingsError, match=r"TELEGENT_CODEC_HOST.*TELEGENT_CODEC_OPERATORS"):
        load_settings(CodecServerSettings)
    monkeypatch.setenv("TELEGENT_CODEC_OPERATORS", f"operator:{TOKEN}")
    settings = load_settings(CodecServerSettings)
    assert settings.codec_host == "0.0.0.0"
    assert TOKEN in settings.secrets()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_codec_server_needs_no_operators(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("TELEGENT_CODEC_HOST", host)
    assert load_settings(CodecServerSettings).codec_operators == ()


def test_invalid_operators_are_one_error_without_tokens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    operators = tmp_path / "operators"
    operators.write_text(f"anna:{TOKEN}\nben:{TOKEN}\n")
    monkeypatch.setenv("TELEGENT_CODEC_OPERATORS_FILE", str(operators))
    monkeypatch.setenv("TELEGENT_CODEC_HOST", "0.0.0.0")
    with pytest.raises(SettingsError) as refused:
        load_settings(CodecServerSettings)
    (line,) = refused.value.messages
    assert "entry 2 repeats the token" in line
    assert TOKEN not in line


@pytest.mark.parametrize("origin", ["*", "http://*", "http://a/", "a.example"])
def test_partial_origins_are_rejected(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("TELEGENT_CODEC_ALLOWED_ORIGINS", origin)
    with pytest.raises(SettingsError, match="TELEGENT_CODEC_ALLOWED_ORIGINS"):
        load_settings(CodecServerSettings)


def test_versioning_needs_a_build_id(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = faults(monkeypatch, TELEGENT_DEPLOYMENT_NAME="harness")
    assert "needs TELEGENT_BUILD_ID" in line
    monkeypatch.setenv("TELEGENT_BUILD_ID", "3f2a9c1")
    assert load_settings(WorkerSettings).deployment_name == "harness"


@pytest.mark.parametrize("name", ["a.b", "__a", "a:b", "a b", "x" * 129])
def test_deployment_names_that_temporal_rejects_are_rejected(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (line,) = faults(monkeypatch, TELEGENT_DEPLOYMENT_NAME=name, TELEGENT_BUILD_ID="1")
    assert line.startswith(f"TELEGENT_DEPLOYMENT_NAME={name}: ")


def test_misspelt_variables_are_found() -> None:
    environ = {
        "TELEGENT_TIME_ZNOE": "1",
        "TELEGENT_TIME_ZONE": "1",
        "TELEGENT_ID_KEY_FILE": "",
        "HOME": "",
    }
    assert unknown_variables(environ) == ["TELEGENT_TIME_ZNOE"]


def test_settings_table_lists_each_setting_once() -> None:
    rows = markdown_table().splitlines()[2:]
    kinds = (WorkerSettings, CodecServerSettings, WebhookSettings)
    fields = {name: info for kind in kinds for name, info in kind.model_fields.items()}
    assert [row.split("`")[1] for row in rows] == [f"TELEGENT_{name.upper()}" for name in fields]
    assert all(len(row.strip("|").split("|")) == 3 and "None" not in row for row in rows)
