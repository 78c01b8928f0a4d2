"""`python -m demo`, whole: what it prints, what it leaves at the vendor, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.demo.running import ROOT, all_exited, children, run_demo, started_demo

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads processes in /proc")

# Each resource that examples/family.json requests, once, and what the carrier did; nothing else.
LEDGER = {
    "account.created": 1,
    "subscriber.created": 3,
    "message_route.created": 1,
    "voice_route.created": 1,
    "product.created": 2,
    "package.created": 1,
    "package_item.created": 2,
    "guardian.features_set": 2,
    "guardian.related": 1,
    "number.provisioned": 2,
    "number.updated": 1,
    "portin.submitted": 1,
    "portin.rejected": 1,
    "portin.updated": 1,
    "portin.completed": 1,
    "subscription.created": 3,
    "data_limits.set": 3,
    "e911_address.set": 3,
    "renewal.set": 3,
    "call_filter.created": 1,
    "message_filter.created": 1,
}


def worker_pid(line: str) -> int:
    found = re.search(r"kill -9 (\d+)", line)
    assert found is not None, line
    return int(found[1])


def ids_of(result: dict[str, Any]) -> list[str]:
    ids = [result["account_id"], result["message_route_id"], result["voice_route_id"]]
    for kind in ("subscriber_ids", "product_ids", "package_ids"):
        ids += result[kind].values()
    for line in result["lines"]:
        ids += [line["phone_number"], line["number_id"], line["subscription_id"]]
    return ids


def test_first_line_is_printed_before_slow_imports() -> None:
    heavy = ("temporalio", "pydantic", "httpx")
    code = f"import sys, demo.__main__; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.resilience
def test_demo_onboards_the_family_and_prints_the_result(tmp_path: Path) -> None:
    with started_demo("--report", str(tmp_path / "report.json")) as demo:
        demo.read_until("Starting")
        mine = children(demo.process.pid)
        demo.read_until("ACTION_REQUIRED")
        mine += children(demo.process.pid)
        assert demo.wait_ended() == 0, demo.lines
    assert len(set(mine)) >= 4
    assert all_exited(mine)

    report = json.loads((tmp_path / "report.json").read_text())
    out = "\n".join(demo.lines)
    assert report["ledger"] == LEDGER
    assert report["worker_restarts"] == 0
    assert report["result"]["complete"] is True
    assert all(given in out for given in ids_of(report["result"]))
    assert re.search(r"LPA:1\$\S+\$\S+", out)
    assert "make up" in out
    assert demo.lines[-1].startswith("Onboarded account")
    assert "3 lines in service, every resource created exactly once" in demo.lines[-1]
    assert "NOT" not in out
    for page in ("onboarding-family-2041", "onboarding-family-2041:line-child-sim", "port-in-"):
        assert re.search(rf"http://127\.0\.0\.1:\d+/namespaces/default/workflows/{page}", out)
    # The rejection is shown with its remedy before the correction goes out.
    assert "reason ACCOUNT_NUMBER: " in out
    assert out.index("reason ACCOUNT_NUMBER") < out.index("support desk: corrected account_number")
    for secret in ("100200300", "100200301", "482913", "change-me"):
        assert secret not in out

    requests = report["requests"]
    assert set(requests["tokens_per_endpoint"].values()) == {1}
    assert requests["token_calls"] == len(requests["tokens_per_endpoint"])
    assert requests["api_calls"] - requests["polls"] < 45


@pytest.mark.resilience
def test_demo_completes_after_its_worker_is_killed(tmp_path: Path) -> None:
    with started_demo("--report", str(tmp_path / "report.json")) as demo:
        pid = worker_pid(demo.read_until("kill -9"))
        demo.read_until("ACTION_REQUIRED")
        os.kill(pid, signal.SIGKILL)
        demo.read_until("worker ended (signal 9), restarted")
        assert demo.wait_ended() == 0, demo.lines
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ledger"] == LEDGER
    assert report["worker_restarts"] == 1


@pytest.mark.resilience
def test_ctrl_c_leaves_no_process_running() -> None:
    with started_demo() as demo:
        demo.read_until("Account done")
        mine = children(demo.process.pid)
        assert len(mine) == 4
        demo.process.send_signal(signal.SIGINT)
        demo.process.send_signal(signal.SIGINT)  # an impatient one more
        assert demo.wait_ended() == 130, demo.lines
    assert all_exited(mine)
    assert demo.lines[-1] == "Stopping …"


def test_invalid_request_is_rejected_with_all_errors(tmp_path: Path) -> None:
    request = json.loads(Path("examples/family.json").read_text())
    request["reference"] = "two words"
    request["subscribers"][0]["email"] = "nowhere"
    request["lines"][1]["package"] = "famly"
    (tmp_path / "faulty.json").write_text(json.dumps(request))
    done = run_demo("--request", str(tmp_path / "faulty.json"))
    assert done.returncode == 2
    where = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert where == ["reference", "subscribers.0.email", "lines.1.package"]


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("{", "not valid JSON")])
def test_unreadable_request_is_a_one_line_error(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "request.json"
    if content is not None:
        path.write_text(content)
    done = run_demo("--request", str(path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert str(path) in line
    assert words in line
