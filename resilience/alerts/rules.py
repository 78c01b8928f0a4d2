"""The repository's configuration of Prometheus, for local processes and shorter durations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from devstack.child_process import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
DAY_SCALE = 96
"""By how much more limits of hours are divided than limits of minutes: with a scale of 30, a day
becomes half a minute."""
LIMITS_IN_SECONDS = frozenset(
    {
        "ApiQueueLatencyHigh",
        "BacklogNotCounted",
        "PortCancelUnconfirmed",
        "PortInNeedsOperator",
        "ReconcileOverdue",
        "UsageOverdue",
    }
)
"""Alerts whose limit is a time that passes, not a number of events or how slow something is."""
MIN_INTERVAL = 1.0
"""Seconds between two scrapes: a worker that is busy takes a part of this to respond."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+)([smhd])")
_RANGE = re.compile(r"\[(\d+[smhd])\]")
_LIMIT = re.compile(r"> (\d+)$")


def load_rules(scale: float = 1) -> dict[str, Any]:
    """The alert rules, with every duration in them divided by `scale`."""
    rules: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    if scale != 1:
        for group in rules["groups"]:
            for rule in group["rules"]:
                _shorten(rule, scale)
    return rules


def alert_names() -> list[str]:
    """The alerts in the order of the file."""
    return [rule["alert"] for group in load_rules()["groups"] for rule in group["rules"]]


def load_config(scale: float, targets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The configuration with fixed targets, by job, and shorter intervals."""
    config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    for name, interval in config["global"].items():
        seconds = max(MIN_INTERVAL, _seconds(interval) / scale)
        config["global"][name] = _format(seconds)
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": list(targets[job["job_name"]])}]
    return config


def _shorten(rule: dict[str, Any], scale: float) -> None:
    if "for" in rule:
        rule["for"] = _format(_seconds(rule["for"]) / scale)
    rule["expr"] = _RANGE.sub(
        lambda found: f"[{_format(_seconds(found[1]) / scale)}]", rule["expr"]
    )
    if rule["alert"] in LIMITS_IN_SECONDS:
        rule["expr"] = _LIMIT.sub(
            lambda found: f"> {_shorten_limit(int(found[1]), scale):g}", rule["expr"]
        )


def _shorten_limit(seconds: int, scale: float) -> float:
    return seconds / scale if seconds < 3600 else seconds / scale / DAY_SCALE


def _seconds(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"not one number and one unit: {duration}")
    return int(found[1]) * _UNITS[found[2]]


def _format(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"
