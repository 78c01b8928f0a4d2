"""The simulator as a process: it announces itself, answers, and stops when told."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from simulator.__main__ import app
from simulator.testing import running_simulator

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "simulator"]


def run(*arguments: str, columns: int = 80) -> Result:
    """What the command says in this process. An exception of its own is a failure."""
    ended = CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns)})
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended


@pytest.fixture
def carrier_file(tmp_path: Path) -> Path:
    file = tmp_path / "carrier.json"
    setup = {"records": {"+13135550100": {"eligible": False}}, "vocabulary": "bp"}
    file.write_text(json.dumps(setup))
    return file


@pytest.fixture
def process(tmp_path: Path, carrier_file: Path) -> Iterator[subprocess.Popen[str]]:
    options = ["--port", "0", "--url-file", str(tmp_path / "url"), "--carrier", str(carrier_file)]
    more = [
        "--rate-limit",
        "3",
        "--error-body",
        "rfc7807",
        "--ledger-file",
        str(tmp_path / "ledger"),
    ]
    with subprocess.Popen(
        [*COMMAND, *options, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        yield running
        running.kill()


def test_server_prints_its_url_and_stops_on_signal(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found is not None
    url = found.group()
    assert (tmp_path / "url").read_text() == f"{url}\n"
    with httpx.Client() as client:
        assert client.get(f"{url}/_sim/health").json() == {"status": "ok"}
        refused = client.post(f"{url}/v1.0/OAuth2/tokens", json={})
        assert refused.json()["Title"] == "One or more validation errors occurred."

        second = subprocess.run(
            [*COMMAND, "--port", url.rpartition(":")[2]],
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr.count("\n") == 1
        assert "cannot serve on" in second.stderr
        assert "in use" in second.stderr

        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - begun < 20
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--scope-status", "402"], "--scope-status"),
        (["--carrier", "missing.json"], "No such file"),
        (["--rate-limit", "0"], "--rate-limit"),
        (["--purchase-outcome", "explode"], "--purchase-outcome"),
        (["--dialect", "latin"], "--dialect"),
        (["--ledger-file", "/nowhere/ledger"], "--ledger-file"),
    ],
)
def test_invalid_option_is_explained_without_traceback(arguments: list[str], text: str) -> None:
    ended = run(*arguments)
    assert ended.exit_code == 2
    assert text in ended.stderr


def control(url: str, *arguments: str) -> Result:
    return run(*arguments, "--url", url)


def test_commands_control_a_running_simulator() -> None:
    number = "+13135550100"
    with running_simulator() as running:
        for arguments in (
            ["silence", number],
            ["delay", number, "60"],
            ["lock", number],
            ["unlock", number],
            ["reject", number, "6P-NUMBER LOCKED"],
            ["lose", "POST /v1.0/numbers/provision", "--times", "2"],
            ["purchases", "failed", "no_number"],
        ):
            done = control(running.url, *arguments)
            assert (done.exit_code, done.stderr) == (0, ""), done.output
        record = running.control.request("POST", "carrier", {"number": number})
        assert record == {"number": number, "script": "reject:6P-NUMBER LOCKED", "locked": False}
        assert running.control.state()["accounts"] == 1

        wrong = control(running.url, "port-out", number, "1234")
        assert wrong.exit_code == 1
        assert "not in service" in wrong.stderr
        unknown = control(running.url, "use-data", number, "850")
        assert "not in service" in unknown.stderr
        assert control(running.url, "reset").exit_code == 0
    reset = control(running.url, "reset")
    assert reset.exit_code == 1
    assert "no simulator at" in reset.stderr


def test_help_lists_options_and_commands() -> None:
    shown = run("--help", columns=200).stdout
    for text in ("--reference-lag", "--dialect", "knowledge-bank", "silence", "port-out"):
        assert text in shown


TEST_OF_ANOTHER_PROJECT = """
import json
import urllib.request

import pytest


@pytest.mark.parametrize("run", [1, 2])
def test_token(telegent_simulator, run):
    body = {
        "AccountKey": telegent_simulator.account_key,
        "AccountSecret": telegent_simulator.account_secret,
        "ApiEndpoint": telegent_simulator.url + "/v1.0/account",
    }
    request = urllib.request.Request(
        telegent_simulator.url + "/v1.0/OAuth2/tokens", data=json.dumps(body).encode()
    )
    assert json.load(urllib.request.urlopen(request))["successful"]
    assert len(telegent_simulator.control.requests()) == 1
"""


def test_fixture_serves_another_project(tmp_path: Path) -> None:
    (tmp_path / "test_service.py").write_text(TEST_OF_ANOTHER_PROJECT)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "simulator.pytest_plugin", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout
