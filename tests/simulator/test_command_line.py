"""The simulator as a process: it announces itself, answers, and stops when told."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

COMMAND = [sys.executable, "-m", "simulator"]


@pytest.fixture
def carrier_file(tmp_path: Path) -> Path:
    file = tmp_path / "carrier.json"
    setup = {"records": {"+13135550100": {"eligible": False}}, "vocabulary": "bp"}
    file.write_text(json.dumps(setup))
    return file


@pytest.fixture
def process(tmp_path: Path, carrier_file: Path) -> Iterator[subprocess.Popen[str]]:
    options = ["--port", "0", "--url-file", str(tmp_path / "url"), "--carrier", str(carrier_file)]
    more = ["--rate-limit", "3", "--body", "rfc7807", "--ledger", str(tmp_path / "ledger")]
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
    ],
)
def test_invalid_option_is_explained_without_traceback(arguments: list[str], text: str) -> None:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr
