"""Prometheus itself takes the alert rules and the list of what to scrape."""

import shutil
import subprocess

import pytest

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
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT TESTED with Prometheus: promtool is not on PATH: install Prometheus")
    said = subprocess.run(
        [promtool, "check", *check], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
