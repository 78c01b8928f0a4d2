"""The figures of docs/reference/limits.md are those of the code."""

import re
from datetime import timedelta

import pytest

from activities.support.shared_list import MAX_ROWS
from activities.usage.thresholds import MAX_EVENTS, MAX_REMEMBERED
from telegent_orchestrator._validation import MAX_ERRORS, MAX_ITEMS
from telegent_orchestrator.line_change_sets import MAX_LINES
from telegent_orchestrator.lines import CallFilter
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_out_rows import MAX_PORT_OUTS
from telegent_orchestrator.portability import MAX_PORTABILITY_NUMBERS
from telegent_orchestrator.usage import MAX_LINES as USAGE_LINES
from tools.docs.documents import ROOT
from worker.http.webhook import MAX_BODY_BYTES, MAX_ORDERS
from worker.settings import WorkerSettings
from workflows.bulk.portability_workflow import MAX_CONCURRENT_CHECKS
from workflows.onboarding.plan_reads import MAX_CONCURRENT_READS
from workflows.support.activity_calls import VENDOR_CALL_TIMEOUT
from workflows.support.timeline import MAX_TIMELINE_ENTRIES
from workflows.usage.workflow import TIMEOUT

RETENTION = re.search(r"RETENTION:-(\d+)d", (ROOT / "docker-compose.yml").read_text("utf-8"))
SETTINGS = {name: field.default for name, field in WorkerSettings.model_fields.items()}
SAID = {
    "lines, subscribers, products": f"{MAX_ITEMS} of each",
    "validation errors that are reported": f"{MAX_ERRORS}",
    "requests to Telegent": f"{SETTINGS['requests_per_minute']} in any minute",
    "share of polls": f"{SETTINGS['port_poll_share']:.0%}".replace("%", " %"),
    "a port-in with the losing": f"{SETTINGS['port_max_days']:g} days",
    "a port-in with missing": f"{SETTINGS['port_missing_info_days']:g} days",
    "a port-in without the required": f"{SETTINGS['port_correction_days']:g} days",
    "rejections until": f"{SETTINGS['port_max_rejections']}",
    "a create whose worker died": f"{VENDOR_CALL_TIMEOUT.seconds} seconds",
    "workflows that a worker": f"{SETTINGS['max_cached_workflows']}, about",
    "closed workflows are kept": f"{RETENTION and RETENTION[1]} days",
    "reads of a plan": f"{MAX_CONCURRENT_READS}, for at most an hour",
    "numbers of a portability": f"{MAX_CONCURRENT_CHECKS} of {MAX_PORTABILITY_NUMBERS}",
    "lines of one set": f"{MAX_LINES}",
    "port-outs of one file": f"{MAX_PORT_OUTS:,}",
    "share of a reading of usage": f"{SETTINGS['usage_share']:.0%}, for at most "
    f"{TIMEOUT // timedelta(hours=1)} hours".replace("%", " %"),
    "usage in a report": f"{USAGE_LINES:,} numbers",
    "events of one reading": f"{MAX_EVENTS:,}",
    "numbers whose thresholds": f"{MAX_REMEMBERED:,}",
    "timeline entries": f"{MAX_TIMELINE_ENTRIES}",
    "lists of numbers or subscribers": f"{MAX_ROWS:,} rows",
    "body of an order update": f"{MAX_BODY_BYTES // 1024} KiB, {MAX_ORDERS} orders",
}


@pytest.mark.parametrize("what", SAID)
def test_documented_limit_matches_the_code(what: str) -> None:
    lines = (ROOT / "docs" / "reference" / "limits.md").read_text("utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(f"| {what}"))
    assert row.split("|")[2].strip().startswith(SAID[what])


def test_documented_lengths_match_the_models() -> None:
    text = (ROOT / "docs" / "reference" / "limits.md").read_text("utf-8")
    schemas = [model.model_json_schema() for model in (OnboardingRequest, CallFilter)]
    reference, filtered = (schema["properties"] for schema in schemas)
    assert "{0,63}" in reference["reference"]["pattern"]
    assert "| reference | 64 characters |" in text
    assert f"| call filter: numbers | {filtered['allowed_numbers']['maxItems']} |" in text
