"""Dashboards and alerts name what is really shown, and say what to do."""

import json
import re
from typing import Any, get_args

import promql_parser as promql
import pytest
import yaml

from activities.support.outcomes import Outcome
from activities.support.write_specs import WRITE_SPECS
from telegent_orchestrator.port_in import PortState
from tests.observability.environment import Observations
from tools.docs.documents import ROOT
from worker.http.webhook import WebhookOutcome
from worker.telemetry.backlog import AGE_BUCKETS
from worker.telemetry.request_metrics import CANCELLED, SUCCEEDED
from workflows.port_in.rejections import REJECTIONS
from workflows.support.metrics import LostResponseResolution

DEPLOY = ROOT / "deploy"
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text())
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
}
PANELS = {
    f"{name}: {panel['title']}": panel
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
}
EXPRESSIONS = {rule["alert"]: [rule["expr"]] for rule in ALERTS} | {
    title: [target["expr"] for target in panel["targets"]] for title, panel in PANELS.items()
}
ADDED_BY_PROMETHEUS = {"instance", "job"}
WORDS: dict[str, set[str]] = {
    "outcome": {*Outcome, SUCCEEDED, CANCELLED, *get_args(WebhookOutcome)},
    "state": set(PortState),
    "age": set(AGE_BUCKETS),
    "resolution": set(LostResponseResolution),
    "write": set(WRITE_SPECS),
    "reason": {rejection.reason for rejection in REJECTIONS},
    "result": {"delivered", "completed", "failed"},
    "first_attempt": {"yes", "no"},
}
"""Values of labels that may be asked for, also those that the scene does not bring about."""


def parsed(expression: str) -> promql.Expr:
    return promql.parse(expression.replace("$__rate_interval", "5m"))


def of_kind(kind: type[Any], expression: str) -> list[Any]:
    found: list[Any] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, kind):
            found.append(node)
        return True

    promql.walk(parsed(expression), visit)
    return found


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_alert_and_panel_queries_return_series(observed: Observations, where: str) -> None:
    samples = [*observed.worker.samples, *observed.webhook.samples]
    for expression in EXPRESSIONS[where]:
        labels: set[str] = set(ADDED_BY_PROMETHEUS)
        for selector in of_kind(promql.VectorSelector, expression):
            shown = [sample.labels for sample in samples if sample.name == selector.name]
            assert shown, f"{selector.name} is not shown"
            labels |= {label for each in shown for label in each}
            for matcher in selector.matchers.matchers:
                wanted = set(matcher.value.split("|"))
                values = {each[matcher.name] for each in shown if matcher.name in each}
                if selector.name.startswith("telegent_"):
                    values |= WORDS.get(matcher.name, set())
                    assert wanted <= values, f"{selector.name}: {matcher.name} is never {wanted}"
                else:
                    assert values, f"{selector.name} has no label {matcher.name}"
        for aggregation in of_kind(promql.AggregateExpr, expression):
            by = set(aggregation.modifier.labels) if aggregation.modifier else set()
            assert by <= labels, f"{by - labels} is a label of nothing in {expression}"


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_gauges_reported_by_all_workers_are_not_summed(where: str) -> None:
    for expression in EXPRESSIONS[where]:
        for shown in re.finditer(
            r"telegent_(port_ins_open|port_in_oldest|escalations_open|oldest_escalation|workflows_failing|"
            r"reconcile_(findings_open|failed|overdue)|usage_overdue)",
            expression,
        ):
            before = expression[: shown.start()].rpartition(" + ")[2]
            assert before.removeprefix("time() - ").startswith("max"), expression


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_shared_rate_limit_is_not_summed(where: str) -> None:
    for expression in EXPRESSIONS[where]:
        if re.search(r"telegent_rate_limit\b", expression):
            assert "max(telegent_rate_limit)" in expression, expression


def test_chart_shows_what_is_allowed_used_and_wasted() -> None:
    panel = PANELS["telegent: Allowance: used and wasted"]
    assert [each["legendFormat"] for each in panel["targets"]] == ["allowed", "used", "wasted"]


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_alert_summary_uses_labels_of_its_query(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    said = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    for label in said:
        assert re.search(rf"by \([^)]*\b{label}\b", rule["expr"]), label


def test_prometheus_loads_the_alert_rules() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    for name in config["rule_files"]:
        assert (DEPLOY / "prometheus" / name).exists()


def test_dashboards_use_the_provisioned_data_source() -> None:
    path = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(path.read_text())["datasources"]
    for panel in PANELS.values():
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {source["uid"]}


def test_dashboards_have_unique_ids_and_fit_the_grid() -> None:
    ids = [dashboard["uid"] for dashboard in DASHBOARDS.values()]
    assert len(set(ids)) == len(ids) == 4
    for dashboard in DASHBOARDS.values():
        places = [panel["gridPos"] for panel in dashboard["panels"]]
        assert all(place["x"] + place["w"] <= 24 for place in places)
        corners = {(place["x"], place["y"]) for place in places}
        assert len(corners) == len(places) <= 10
