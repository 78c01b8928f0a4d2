"""A Prometheus server on the loopback address, and what is asked of it."""

import asyncio
import json
import math
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from devstack.child_process import ChildProcess, StackError, http_get, http_ready
from devstack.tcp_ports import HOST, free_ports
from resilience.alerts.rules import load_config, load_rules

POLL_INTERVAL = 0.5
MAX_POINTS = 200


class Prometheus:
    """A running server.

    Attributes:
        seen: Alerts that have fired since this was emptied last.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._started_at = time.time()
        self.seen: set[str] = set()

    async def firing(self) -> set[str]:
        """The alerts that fire now."""
        alerts = (await self._get("alerts"))["alerts"]
        firing = {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
        self.seen |= firing
        return firing

    async def until_seen(self, alerts: set[str], seconds: float) -> set[str]:
        """Wait until all of these have fired. Returns those that have not within that time."""
        deadline = time.monotonic() + seconds
        while not alerts <= self.seen and time.monotonic() < deadline:
            await asyncio.sleep(POLL_INTERVAL)
            await self.firing()
        return alerts - self.seen

    async def until_ended(self, alerts: set[str], seconds: float) -> set[str]:
        """Wait until none of these fires. Returns those that still do after that time."""
        deadline = time.monotonic() + seconds
        while (left := await self.firing() & alerts) and time.monotonic() < deadline:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(POLL_INTERVAL)
        return left

    async def targets_up(self) -> int:
        """How many targets were scraped with success."""
        targets = (await self._get("targets"))["activeTargets"]
        return sum(each["health"] == "up" for each in targets)

    async def failing_rules(self) -> list[str]:
        """Rules that could not be evaluated."""
        groups = (await self._get("rules"))["groups"]
        return [r["name"] for group in groups for r in group["rules"] if r["health"] == "err"]

    async def values(self, query: str) -> list[float]:
        """All values of a query since this server was started, without NaN."""
        now = time.time()
        step = max(1.0, (now - self._started_at) / MAX_POINTS)
        found = await self._get(
            "query_range", query=query, start=self._started_at, end=now, step=step
        )
        points = (float(text) for series in found["result"] for _, text in series["values"])
        return [value for value in points if not math.isnan(value)]

    async def _get(self, path: str, **parameters: object) -> Any:
        body = await http_get(f"{self._url}/api/v1/{path}?{urlencode(parameters)}")
        return json.loads(body)["data"]


@asynccontextmanager
async def run_prometheus(
    directory: Path, scale: float, targets: Mapping[str, Sequence[str]]
) -> AsyncIterator[Prometheus]:
    """Run Prometheus with the repository's rules while the block runs.

    Args:
        directory: For its configuration, its log and its data.
        scale: Divides all durations.
        targets: `host:port`, by job.

    Raises:
        StackError: It is not installed, or does not start.
    """
    binary = shutil.which("prometheus")
    if binary is None:
        raise StackError("prometheus is not on PATH: install Prometheus")
    directory.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    _write(directory / "alerts.yml", load_rules(scale))
    _write(directory / "prometheus.yml", load_config(scale, targets))
    (port,) = free_ports(1)
    command = [
        *(binary, f"--config.file={directory / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={directory / 'data'}", "--log.level=warn"),
        f"--web.listen-address={HOST}:{port}",
    ]
    url = f"http://{HOST}:{port}"
    async with ChildProcess(
        "Prometheus",
        command,
        log=directory / "prometheus.log",
        ready=http_ready(f"{url}/-/ready"),
        directory=directory,
    ):
        yield Prometheus(url)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000), encoding="utf-8")
