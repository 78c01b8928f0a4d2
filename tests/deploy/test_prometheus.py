"""Prometheus itself takes the alert rules and the list of what to scrape."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.processes import ROOT

FOLDER = ROOT / "deploy" / "prometheus"


@pytest.mark.parametrize(
    "check",
    [
        ["rules", "--lint=all", "--lint-fatal", "alerts.yml"],
        ["config", "--syntax-only", "prometheus.yml"],
    ],
    ids=["alerts", "scraping"],
)
def test_rules_pass_promtool(check: list[str]) -> None:
    run_promtool("check", *check)


@pytest.mark.parametrize(
    ("alert", "series", "values", "silent_at", "fires_at"),
    [
        (
            "ReconcileFindings",
            'telegent_reconcile_findings_open{instance="a", kind="number_left"}',
            "0 2",
            "0m",
            "1m",
        ),
        (
            "UsageNotRead",
            'telegent_usage_readings_total{instance="a", result="failed"}',
            "0 0 1",
            "1m",
            "2m",
        ),
        (
            "WorkflowTaskFailures",
            'telegent_workflows_failing{instance="a"}',
            "0 1x9",
            "5m",
            "6m",
        ),
        *(
            (
                "TemporalRequestFailures",
                f'{counter}{{instance="a", operation="{operation}", status_code="{status}"}}',
                "0+1x20",
                "5m",
                "20m",
            )
            for counter, operation, status in [
                ("temporal_request_failure_total", "CountWorkflowExecutions", "TRANSPORT_ERROR"),
                ("temporal_long_request_failure_total", "PollWorkflowTaskQueue", "UNAVAILABLE"),
            ]
        ),
        ("ReconcileFailed", 'telegent_reconcile_failed{instance="a"}', "0 1", "0m", "1m"),
        (
            "ReconcileOverdue",
            'telegent_reconcile_overdue_seconds{instance="a"}',
            "0+60x721",
            "720m",
            "721m",
        ),
        (
            "UsageOverdue",
            'telegent_usage_overdue_seconds{instance="a"}',
            "0+60x361",
            "360m",
            "361m",
        ),
    ],
)
def test_alert_fires_when_its_limit_is_passed(
    tmp_path: Path, alert: str, series: str, values: str, silent_at: str, fires_at: str
) -> None:
    check_alert(tmp_path, alert, {series: values}, {silent_at: False, fires_at: True})


API_POLLERS = 'temporal_num_pollers{poller_type="activity_task", task_queue="telegent-api"}'
WORKFLOW_POLLERS = 'temporal_num_pollers{poller_type="workflow_task"}'


@pytest.mark.parametrize(
    ("pollers", "waiting", "fires"),
    [("0x20", "1x20", False), ("0x20", "0x20", True), ("5x20", "0x20", False)],
    ids=["paused by Telegent", "no worker polls", "idle"],
)
def test_pause_of_all_requests_is_not_a_missing_worker(
    tmp_path: Path, pollers: str, waiting: str, fires: bool
) -> None:
    series = {
        WORKFLOW_POLLERS: "5x20",
        API_POLLERS: pollers,
        'telegent_requests_waiting{instance="a"}': waiting,
    }
    check_alert(tmp_path, "NoWorker", series, {"10m": fires})


def check_alert(
    tmp_path: Path, alert: str, series: dict[str, str], expected: dict[str, bool]
) -> None:
    """Let promtool evaluate the rules on these values, one a minute."""
    tested = {
        "rule_files": [str(FOLDER / "alerts.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "eval_time": at,
                        "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})',
                        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                    }
                    for at, fires in expected.items()
                ],
            }
        ],
    }
    rules = tmp_path / "tests.yml"
    rules.write_text(yaml.safe_dump(tested))
    run_promtool("test", "rules", str(rules))


def run_promtool(*arguments: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT TESTED with Prometheus: promtool is not on PATH: install Prometheus")
    said = subprocess.run(
        [promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
