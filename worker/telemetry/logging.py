"""Logging: one format for structlog, the Temporal SDK and the standard library, without secrets.

Workflows log through `workflow.logger`, which is silent during replay, activities through
structlog; both end here.
"""

import logging
import re
import sys
from collections.abc import Collection, Mapping
from typing import Literal

import structlog
import temporalio.activity
import temporalio.workflow
from structlog.typing import EventDict, Processor, WrappedLogger

from telegent_orchestrator._display import escape_unprintable

REDACTED = "[redacted]"
_SENSITIVE_NAMES = (
    "account_?secret|account_?key|account_?number|account_?pin|access_?token|api_?key|"
    "authorization|client_?secret|password|passcode|pin|secret|token"
)
_SECRET_KEY = re.compile(rf"[\w-]*(?:{_SENSITIVE_NAMES})", re.IGNORECASE)
_BEARER = re.compile(r"\bBearer\s+[^\s\"',}]+", re.IGNORECASE)
# name=value, name: value and "name": "value", as in URLs, headers and JSON.
_ASSIGNMENT = re.compile(
    rf"(?P<name>\b\w*?(?:{_SENSITIVE_NAMES})[\"']?\s*[=:]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&}}]+)",
    re.IGNORECASE,
)
# Replacing shorter values would damage ordinary words.
_MIN_SECRET_LENGTH = 6


def configure_logging(
    level: str, log_format: Literal["json", "console"], secrets: Collection[str] = ()
) -> None:
    """Send every log line of the process to standard output.

    Args:
        level: The lowest level that is logged, such as INFO.
        log_format: JSON for machines, console for readers.
        secrets: Values that are redacted wherever they occur.
    """
    shared_processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=["temporal_workflow", "temporal_activity"]),
        _flatten_temporal,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared_processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # JSON escapes control characters itself.
    renderers: list[Processor] = (
        [structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [escape_control_characters, structlog.dev.ConsoleRenderer(colors=False)]
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It logs every URL at INFO, with the phone numbers and e-mail addresses of its query.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # These ids are fields of their own, so the message need not repeat them.
    temporalio.workflow.logger.workflow_info_on_message = False
    temporalio.activity.logger.activity_info_on_message = False


def escape_control_characters(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor that makes text from outside harmless for a terminal.

    Escape sequences, marks that reverse the direction of text, and line breaks that could forge a
    log line are escaped. Tracebacks keep their line breaks.
    """
    return {
        key: escape_unprintable(value, keep="\n" if key == "exception" else "")
        if isinstance(value, str)
        else escape_unprintable(str(value))
        if not key.startswith("_") and value is not None
        else value
        for key, value in event.items()
    }


class Redactor:
    """A structlog processor that redacts secrets which should not have been logged."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        """Redact `secrets` by value, and all others by the name of their field."""
        known = sorted((s for s in secrets if len(s) >= _MIN_SECRET_LENGTH), key=len, reverse=True)
        self._known_secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """The same line with secrets redacted at any depth."""
        return {
            # structlog's own entries hold records and loggers, which are not part of the output.
            key: value if key.startswith("_") else self._redact(key, value)
            for key, value in event.items()
        }

    def _redact(self, key: str, value: object) -> object:
        if _SECRET_KEY.fullmatch(key):
            return REDACTED
        if isinstance(value, str):
            return self._redact_text(value)
        if isinstance(value, Mapping):
            return {name: self._redact(str(name), item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._redact("", item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        # The renderer would call repr(), which may show any attribute of the object.
        return self._redact_text(str(value))

    def _redact_text(self, text: str) -> str:
        if self._known_secrets is not None:
            text = self._known_secrets.sub(REDACTED, text)
        text = _BEARER.sub(f"Bearer {REDACTED}", text)
        return _ASSIGNMENT.sub(rf"\g<name>{REDACTED}", text)


def _flatten_temporal(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Name the ids of the SDK's lines like those of the activities' lines."""
    for source in ("temporal_workflow", "temporal_activity"):
        info = event.pop(source, None)
        if isinstance(info, Mapping):
            for key in ("workflow_id", "workflow_type", "attempt"):
                if key in info:
                    event.setdefault(key, info[key])
            run_id = info.get("workflow_run_id", info.get("run_id"))
            if run_id:
                event.setdefault("run_id", run_id)
            if "activity_type" in info:
                event.setdefault("activity", info["activity_type"])
    return event
