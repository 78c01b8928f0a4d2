"""The webhook, what Prometheus scrapes, and whether panels and alerts can be evaluated."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

from pydantic import BaseModel, Field

from tools.compose_trial.stack import Stack
from tools.compose_trial.transcript import Transcript, expect
from tools.compose_trial.waiting import wait_for

PROMETHEUS = "http://127.0.0.1:9090/api/v1"
WEBHOOK = "http://127.0.0.1:8082/telegent/order-update"
RATE_INTERVAL = "5m"
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Target(BaseModel):
    labels: dict[str, str]
    health: str


class _Targets(BaseModel):
    active: list[_Target] = Field(alias="activeTargets")


class _Rule(BaseModel):
    name: str
    health: str
    state: str


class _Group(BaseModel):
    rules: list[_Rule]


class _Groups(BaseModel):
    groups: list[_Group]


class _Result(BaseModel):
    result: list[object]


def _read(path: str) -> object:
    with _opener.open(f"{PROMETHEUS}/{path}", timeout=30) as response:
        answer: object = json.loads(response.read())["data"]
    return answer


async def check_monitoring(stack: Stack, transcript: Transcript) -> None:
    """Order updates, targets, alert rules, and the queries of all panels."""
    with transcript.step("the webhook accepts an update with the generated token only"):
        statuses = [_send_update(stack.secret("webhook_token")), _send_update("wrong")]
        expect(statuses == [200, 401], f"status {statuses}")
    with transcript.step("Prometheus scrapes both workers and the webhook"):
        await wait_for("three targets that are up", _all_up)
    with transcript.step("every query of the dashboards can be answered"):
        results = {query: _query(query) for query in _panel_queries(stack)}
        empty = [query for query, found in results.items() if not found]
        transcript.saw(f"{len(results) - len(empty)} return data, {len(empty)} return nothing:")
        for query in empty:
            transcript.saw(f"  {query}")
        expect(len(empty) < len(results), "no query returns data")
    with transcript.step("the alert rules are loaded and evaluated"):
        groups = _Groups.model_validate(_read("rules")).groups
        rules = [rule for group in groups for rule in group.rules]
        bad = [rule.name for rule in rules if rule.health == "err"]
        expect(bool(rules) and not bad, f"rules with errors: {bad}")
        firing = [rule.name for rule in rules if rule.state == "firing"]
        transcript.saw(f"{len(rules)} rules, firing: {', '.join(firing) or 'none'}")


def _send_update(token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"OrderId": "JNUOID-11111111"}).encode()
    try:
        with _opener.open(urllib.request.Request(WEBHOOK, body, headers), timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


async def _all_up() -> bool:
    targets = _Targets.model_validate(_read("targets")).active
    jobs = sorted(target.labels["job"] for target in targets)
    return jobs == ["webhook", "worker", "worker"] and {t.health for t in targets} == {"up"}


def _query(query: str) -> list[object]:
    return _Result.model_validate(_read(f"query?{urllib.parse.urlencode({'query': query})}")).result


def _panel_queries(stack: Stack) -> set[str]:
    folder = stack.directory / "deploy/grafana/dashboards"
    return {
        re.sub(r"\$__rate_interval\b", RATE_INTERVAL, expression)
        for path in folder.glob("*.json")
        for expression in _expressions(json.loads(path.read_text("utf-8")))
    }


def _expressions(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(expression := node.get("expr"), str):
            yield expression
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _expressions(value)
