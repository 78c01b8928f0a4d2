"""A demo as a process, as a person or a build would start it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.waiting import TEST_TIMEOUT

ROOT = Path(__file__).parents[2]


@dataclass
class Demo:
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def read_until(self, words: str) -> str:
        """The first line with these words, from where reading stopped before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if words in line:
                return line.rstrip()
        raise AssertionError(f"{words!r} was not printed; {self.lines} {self.errors()}")

    def wait_ended(self) -> int:
        # By the iterator that has read so far: it reads ahead, and what it holds would be lost.
        assert self.process.stdout is not None
        self.lines += [line.rstrip() for line in self.process.stdout]
        return self.process.wait(timeout=TEST_TIMEOUT)

    def errors(self) -> list[str]:
        assert self.process.stderr is not None
        return [] if self.process.stderr.closed else self.process.stderr.read().splitlines()


@contextmanager
def started_demo(*arguments: str) -> Iterator[Demo]:
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        # Only these variables: others might decide where the demo connects or what it shows.
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Demo(process)
    finally:
        if process.poll() is None:
            # So that a failing test leaves nothing behind: the demo ends its own processes.
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=TEST_TIMEOUT)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TEST_TIMEOUT,
    )


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name, in parentheses, may itself hold spaces.
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == pid:
            found.append(int(stat.parent.name))
    return found


def all_exited(pids: list[int], within: float = 30.0) -> bool:
    deadline = time.monotonic() + within
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
