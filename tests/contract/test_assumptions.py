"""Assumptions about the vendor: each names settings and options that exist."""

import os
import re
import subprocess
import sys

import pytest

from simulator import SimulatorOptions
from tools.docs.assumptions_table import PAGE, README, sources_table, table, unknowns
from tools.docs.documents import between_markers
from tools.vendor_contract import Assumption, assumptions, sources
from worker.settings import unknown_variables


@pytest.mark.parametrize("row", assumptions(), ids=lambda row: row.question)
def test_assumption_names_existing_settings_sources_and_options(row: Assumption) -> None:
    assert unknown_variables(dict.fromkeys(row.settings, "")) == []
    assert set(row.says) <= set(sources())
    assert set(row.simulator) <= set(SimulatorOptions.model_fields)


def test_contradiction_that_the_code_cannot_bridge_has_a_setting() -> None:
    bridged = ("Handles both", "Reads both", "Reads an array", "Compares", "Reads pages")
    for row in assumptions():
        if len(row.says) > 1 and not row.answer.startswith(bridged):
            assert row.settings or row.simulator or "`" in row.answer, row.question


def test_page_of_assumptions_is_up_to_date() -> None:
    assert between_markers(PAGE, "assumptions") == table(), (
        "run python -m tools.docs.assumptions_table"
    )
    assert between_markers(PAGE, "sources") == sources_table(), (
        "run python -m tools.docs.assumptions_table"
    )


def test_unknowns_of_the_readme_are_up_to_date() -> None:
    assert between_markers(README, "unknowns") == unknowns(), (
        "run python -m tools.docs.assumptions_table"
    )


def test_page_names_options_of_the_command_line() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "simulator", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "300"},
    ).stdout
    for option in re.findall(r"`(--[a-z-]+)`", table()):
        assert f"{option} " in shown, option
