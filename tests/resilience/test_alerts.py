"""The command that fires the alerts leaves none out, and shortens every duration."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from resilience.alerts.__main__ import CASES
from resilience.alerts.panels import panel_queries
from resilience.alerts.rules import (
    LIMITS_IN_SECONDS,
    alert_names,
    load_config,
    load_rules,
)

TARGETS = {"worker": ["127.0.0.1:1"], "webhook": ["127.0.0.1:2"]}


def by_name(scale: float) -> dict[str, dict[str, Any]]:
    groups = load_rules(scale)["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_each_alert_is_caused_once() -> None:
    assert sorted(alert for case in CASES for alert in case.alerts) == sorted(alert_names())


def test_rules_are_those_of_the_repository_without_a_scale() -> None:
    file = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"
    assert load_rules() == yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        ("NoWorker", {"for": "10000ms"}),
        ("RateLimited", {"expr": "[30000ms]"}),
        ("RateLimited", {"expr": "> 3"}),
        ("BacklogNotCounted", {"expr": "> 20", "for": "10000ms"}),
        ("PortInNeedsOperator", {"expr": "> 30"}),
        ("ReconcileOverdue", {"expr": "> 15"}),
    ],
)
def test_durations_are_shortened_and_numbers_are_not(alert: str, expected: dict[str, str]) -> None:
    rule = by_name(scale=30)[alert]
    for field, end in expected.items():
        assert end in rule[field]


def test_each_limit_of_minutes_or_more_is_a_duration() -> None:
    limits = {name: re.search(r"> ([\d.]+)$", rule["expr"]) for name, rule in by_name(1).items()}
    assert {
        name for name, limit in limits.items() if limit and float(limit[1]) >= 60
    } == LIMITS_IN_SECONDS


def test_shortened_configuration_passes_promtool(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT TESTED with Prometheus: promtool is not on PATH: install Prometheus")
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(load_rules(30)))
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(load_config(30, TARGETS)))
    checked = subprocess.run(
        [promtool, "check", "config", "prometheus.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_queries_of_all_panels_are_evaluated() -> None:
    queries = [query for _, query in panel_queries()]
    assert len(queries) > 40
    assert not any("$" in query for query in queries)
