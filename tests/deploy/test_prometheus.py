"""Prometheus itself takes the alert rules and the list of what to scrape."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

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
    def check(evaluated_at: str, firing: int) -> dict[str, Any]:
        samples = [{"labels": "{}", "value": firing}] if firing else []
        expression = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
        return {"eval_time": evaluated_at, "expr": expression, "exp_samples": samples}

    tested = {
        "rule_files": [str(FOLDER / "alerts.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": values}],
                "promql_expr_test": [check(silent_at, 0), check(fires_at, 1)],
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
