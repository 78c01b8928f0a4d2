import io
import json
import logging
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from worker.telemetry.log_context import LogContextInterceptor
from worker.telemetry.logging import configure_logging

SECRET = "s3cr3t-of-the-account"
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    configure_logging("INFO", "json", [SECRET])
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (f"calling with {SECRET}", {}),
        ("header Authorization: Bearer s3cr3t", {}),
        ("GET /x?access_token=s3cr3t&page=1", {}),
        ('body {"AccountPin": "s3cr3t", "PhoneNumber": 1}', {}),
        ("body {'password': 's3cr3t'}", {}),
        ("sent", {"authorization": "s3cr3t"}),
        ("sent", {"headers": {"Authorization": "Bearer s3cr3t"}}),
        ("sent", {"bodies": [{"account_number": "s3cr3t"}]}),
        ("sent", {"newPin": "s3cr3t"}),
        ("sent", {"error": ValueError("token=s3cr3t")}),
    ],
)
def test_secrets_are_redacted_in_log_lines(
    lines: Lines, event: str, fields: dict[str, object]
) -> None:
    structlog.get_logger("a").warning(event, **fields)
    logging.getLogger("b").warning("%s %s", event, fields)
    assert len(lines()) == 2
    for line in lines():
        assert "s3cr3t" not in json.dumps(line)
        assert "[redacted]" in json.dumps(line)


def test_secrets_are_redacted_in_tracebacks(lines: Lines) -> None:
    for log in (structlog.get_logger("a"), logging.getLogger("b")):
        try:
            raise RuntimeError(f"refused {SECRET}")
        except RuntimeError:
            log.exception("failed")
    for line in lines():
        assert "RuntimeError: refused [redacted]" in str(line["exception"])


def test_text_without_secrets_is_logged_unchanged(lines: Lines) -> None:
    structlog.get_logger("a").info("port-in submitted", order="O-1", state="PendingCarrier", n=3)
    (line,) = lines()
    assert (line["event"], line["order"], line["state"], line["n"]) == (
        "port-in submitted",
        "O-1",
        "PendingCarrier",
        3,
    )
    assert line["level"] == "info"
    assert line["logger"] == "a"
    assert str(line["timestamp"]).endswith("Z")


def test_urls_with_numbers_in_them_are_not_logged(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET /numbers?PhoneNumber=%2B18015550123")
    assert lines() == []


def test_lines_below_the_level_are_not_logged(lines: Lines) -> None:
    structlog.get_logger("a").debug("x")
    logging.getLogger("b").debug("x")
    assert lines() == []


def test_workflow_log_lines_have_workflow_ids(lines: Lines) -> None:
    # As workflow.logger leaves them; it cannot be called outside a workflow.
    info = {"workflow_id": "port-in-1", "run_id": "r", "workflow_type": "W", "attempt": 1}
    logging.getLogger("temporalio.workflow").info("asked", extra={"temporal_workflow": info})
    (line,) = lines()
    assert info.items() <= line.items()
    assert "temporal_workflow" not in line


async def test_activity_log_lines_have_workflow_and_activity_ids(lines: Lines) -> None:
    @activity.defn(name="look_up")
    async def look_up_name(number: str) -> None:
        structlog.get_logger("a").info("by structlog")
        activity.logger.info("by the SDK's logger")

    class Innermost(ActivityInboundInterceptor):
        def __init__(self) -> None: ...

        async def execute_activity(self, input: ExecuteActivityInput) -> object:
            return await input.fn(*input.args)

    environment = ActivityEnvironment()
    outer = LogContextInterceptor().intercept_activity(Innermost())
    await environment.run(
        outer.execute_activity,
        ExecuteActivityInput(fn=look_up_name, args=["+18015550123"], executor=None, headers={}),
    )
    info = environment.info
    for line in lines():
        assert line["workflow_id"] == info.workflow_id
        assert line["run_id"] == info.workflow_run_id
        assert line["activity"] == info.activity_type
        assert line["attempt"] == info.attempt
        assert "+18015550123" not in json.dumps(line)
    assert [line["event"] for line in lines()] == ["by structlog", "by the SDK's logger"]
    structlog.get_logger("a").info("after")
    assert "workflow_id" not in lines()[-1]


def test_text_from_outside_cannot_control_a_terminal_or_forge_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    configure_logging("INFO", "console")
    try:
        structlog.get_logger("test").info(
            "rejected by \x1b[31mcarrier\n2026-11-30 forged", words="\u202eevil\u2066", at=1
        )
        try:
            raise ValueError("two\nlines")
        except ValueError:
            structlog.get_logger("test").exception("failed")
    finally:
        structlog.reset_defaults()
        root.handlers, root.level = handlers, level

    first, *others = out.getvalue().splitlines()
    assert "rejected by \\u001b[31mcarrier\\n2026-11-30 forged" in first
    assert "\\u202eevil\\u2066" in first
    assert others[-1] == "lines"
    assert not {"\x1b", "\u202e", "\u2066"} & set(out.getvalue())
