"""The queries of the dashboards, and why some of them may return nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from devstack.child_process import ROOT
from resilience.alerts.prometheus import Prometheus

DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
RATE_INTERVAL = "1m"
CREATED_ON_FAILURE = {
    "temporal_workflow_failed_total": "no workflow has failed",
    "temporal_workflow_task_execution_failed_total": "no workflow task has failed",
    "temporal_request_failure_total": "Temporal has rejected no request",
    "temporal_activity_execution_failed_total": "no activity has failed",
    "temporal_sticky_cache_total_forced_eviction_total": "no workflow was evicted",
}
"""Counters that Temporal's SDK creates when they count for the first time."""
_ABOVE_ZERO = re.compile(r" > 0$")


def panel_queries() -> Iterator[tuple[str, str]]:
    """Name of the panel, and one of its queries."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel, query in _queries(path):
            yield f"{path.stem}: {panel}", query.replace("$__rate_interval", RATE_INTERVAL)


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


async def ask(prometheus: Prometheus, query: str) -> str | None:
    """What a query returned since the start: `data`, why there is none, or None if unexpected."""
    if await prometheus.values(query):
        return "data"
    without_filter = _ABOVE_ZERO.sub("", query)
    if without_filter != query and set(await prometheus.values(without_filter)) == {0.0}:
        return "known zero: it was 0 all the time, and the panel shows what is above 0"
    for counter, reason in CREATED_ON_FAILURE.items():
        if counter in query:
            return f"known zero: {reason}"
    return None
