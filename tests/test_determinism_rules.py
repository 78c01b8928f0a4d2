"""The lint rules that keep workflows deterministic, because workers load them without a sandbox."""

import subprocess
import sys

import pytest

from tools.docs.documents import ROOT


def violations(path: str, source: str) -> list[str]:
    """Codes of the determinism rules that ruff reports for a source at this path."""
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--select", "PTH123,T201,TID251"),
            *("--output-format", "concise", "--stdin-filename", path, "-"),
        ],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split()[1] for line in checked.stdout.splitlines() if line.startswith(path)]


@pytest.mark.parametrize(
    "statement",
    [
        "from datetime import datetime\ndatetime.now()",
        "import time\ntime.time()",
        "from random import choice",
        "import uuid\nuuid.uuid4()",
        "import os\nos.environ['X']",
        "import asyncio\nasyncio.wait([])",
        "import httpx",
        "from temporalio import workflow\nworkflow.execute_local_activity_method(None)",
        "open('file')",
        "print('text')",
    ],
)
def test_nondeterministic_call_in_a_workflow_is_reported(statement: str) -> None:
    assert len(violations("workflows/support/example.py", statement)) == 1
    assert violations("activities/example.py", statement) == []
