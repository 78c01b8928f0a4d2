"""Each metric counts what it documents, and contains no personal data."""

import re

import pytest

from activities.support.outcomes import Outcome
from telegent_orchestrator.port_in import PortState
from tests.observability.environment import Observations
from tools.docs.documents import ROOT, between_markers, table_rows
from worker.telemetry.request_metrics import COUNTED_FROM_ZERO, SUCCEEDED
from workflows.support import metrics
from workflows.support.metrics import CounterSpec

DOCUMENT = ROOT / "docs" / "how-to" / "observability.md"
OURS = re.compile(r"telegent_\w+?(?=_bucket$|_sum$|_count$|$)")
FROM_THE_SDK = {"namespace", "task_queue", "workflow_type", "le"}
COUNTERS = [each for each in vars(metrics).values() if isinstance(each, CounterSpec)]
TOKENS = "POST /v1.0/OAuth2/tokens"
ID = re.compile(r"\d{5}|[A-Z]{2,6}ID-|@|[0-9a-f]{16}")


def documented() -> dict[str, set[str]]:
    return {
        name.strip("`"): set(re.findall(r"`(\w+)`", labels))
        for name, labels, _ in table_rows(between_markers(DOCUMENT, "metrics"))
    }


def test_documented_metrics_and_labels_match_the_scrape(observed: Observations) -> None:
    shown: dict[str, set[str]] = {}
    for sample in [*observed.worker.samples, *observed.webhook.samples]:
        if found := OURS.match(sample.name):
            labels = sample.labels.keys() - FROM_THE_SDK
            shown.setdefault(found[0], set()).update(labels)
    assert shown == documented()


def test_requests_are_counted_by_endpoint_and_outcome(observed: Observations) -> None:
    def count(endpoint: str, outcome: str) -> float:
        return observed.worker.sum("telegent_requests_total", endpoint=endpoint, outcome=outcome)

    assert count("POST /v1.0/account/create", Outcome.UNKNOWN) == 1
    assert count("POST /v1.0/voice/routes", Outcome.UNKNOWN) == 2
    assert count("POST /v1.0/voice/routes", SUCCEEDED) == 1
    assert count("POST /v1.0/message/routes", Outcome.RATE_LIMITED) == 1
    assert count("POST /v1.0/subscribers/create", Outcome.CREDENTIALS_REJECTED) == 1
    assert count(TOKENS, SUCCEEDED) == observed.requests[True]
    all_of_them = observed.worker.sum("telegent_requests_total")
    assert all_of_them == sum(observed.requests.values())
    assert all_of_them == observed.worker.sum("telegent_request_duration_seconds_count")
    assert all_of_them == observed.worker.sum("telegent_rate_limit_wait_seconds_count")
    assert observed.worker.sum("telegent_rate_limit") == 6000
    assert observed.worker.sum("telegent_requests_waiting") == 0


def test_lost_responses_are_counted_by_resolution(observed: Observations) -> None:
    def settled(write: str, resolution: str) -> float:
        return observed.worker.sum(
            "telegent_lost_responses_resolved_total", write=write, resolution=resolution
        )

    assert settled("create_account", "found") == 1
    assert settled("create_product", "sent_again") == 1
    assert settled("create_voice_route", "escalated") == 1
    assert settled("submit_port", "escalated") == 1
    assert settled("update_port", "found") == 1
    assert observed.worker.sum("telegent_lost_responses_resolved_total") == 5
    assert observed.worker.sum("telegent_lost_responses_total", write="create_voice_route") == 2
    assert observed.worker.sum("telegent_lost_responses_total") == 6


def test_open_and_ended_port_ins_are_counted(observed: Observations) -> None:
    waiting = PortState.SUBMIT_UNKNOWN.value
    assert observed.worker.sum("telegent_port_ins_open") == 1
    assert observed.worker.sum("telegent_port_ins_open", state=waiting, age="under 1 day") == 1
    assert observed.worker.sum("telegent_backlog_counted_timestamp_seconds") > 0
    ended = "telegent_port_ins_ended_total"
    assert observed.worker.sum(ended, state=PortState.COMPLETED.value, first_attempt="no") == 1
    assert (
        observed.worker.sum(ended)
        == observed.worker.sum("telegent_port_in_duration_seconds_count")
        == 1
    )
    stayed = "telegent_port_in_state_duration_seconds_count"
    assert observed.worker.sum(stayed, state=PortState.ACTION_REQUIRED.value) == 1
    assert observed.worker.sum(stayed, state=waiting) == 0
    assert observed.worker.sum("telegent_port_in_rejections_total", reason="ACCOUNT_NUMBER") == 1
    assert observed.worker.sum("telegent_unknown_order_statuses_total") >= 1


def test_escalation_gauge_counts_open_escalations(observed: Observations) -> None:
    assert observed.during_escalation.sum("telegent_escalations_open") == 1
    # The minute is known, in which it was asked.
    assert 0 <= observed.during_escalation.sum("telegent_oldest_escalation_seconds") < 120
    assert observed.worker.sum("telegent_escalations_open") == 0
    assert observed.worker.sum("telegent_oldest_escalation_seconds") == 0


def test_events_and_order_updates_are_counted(observed: Observations) -> None:
    delivered = observed.worker.sum("telegent_events_total", result="delivered")
    assert delivered == observed.worker.sum("telegent_events_total", result="failed") > 0
    for what, times in {"received": 3, "unauthorized": 1, "without_order": 1}.items():
        assert observed.webhook.sum("telegent_webhook_events_total", outcome=what) == times


@pytest.mark.parametrize("counted", COUNTERS, ids=[counted.name for counted in COUNTERS])
def test_rare_counters_start_at_zero(observed: Observations, counted: CounterSpec) -> None:
    at_first = observed.initial.series(f"{counted.name}_total")
    assert set(at_first.values()) == {0}
    assert at_first.keys() == observed.worker.series(f"{counted.name}_total").keys()


def test_rejections_start_at_zero_for_each_endpoint_in_use(observed: Observations) -> None:
    shown = [dict(labels) for labels in observed.worker.series("telegent_requests_total")]
    for endpoint in {labels["endpoint"] for labels in shown}:
        outcomes = {labels["outcome"] for labels in shown if labels["endpoint"] == endpoint}
        assert outcomes >= {*COUNTED_FROM_ZERO}, endpoint


@pytest.mark.parametrize("process", ["worker", "webhook"])
def test_metrics_contain_no_personal_data(observed: Observations, process: str) -> None:
    scrape = getattr(observed, process)
    assert [value for value in observed.personal if value in scrape.text] == []
    for sample in scrape.samples:
        if sample.name.startswith("telegent_"):
            said = [value for label, value in sample.labels.items() if label != "le"]
            assert [value for value in said if ID.search(value)] == [], sample
