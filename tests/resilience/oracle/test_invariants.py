from dataclasses import replace
from typing import Any

from resilience.harness.customer import BOUGHT, PORTED
from resilience.oracle.invariants import STUCK, InvariantReport, check_invariants
from simulator import LedgerRow
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.progress import Escalation, Step, StepState
from tests.resilience.completed_run import CompletedRun


async def test_complete_ledger_has_no_violation(completed_run: CompletedRun) -> None:
    report = _reported(completed_run)
    assert (report.state, report.violations, report.escalations) == ("ok", [], [])


async def test_failed_step_is_a_violation_unless_it_registers_the_webhook(
    completed_run: CompletedRun,
) -> None:
    onboarding = completed_run.progress.onboarding
    states = {}
    for name in ("Order webhook", "Packages"):
        steps = [*onboarding.steps, Step(name=name, state=StepState.FAILED, detail="refused")]
        progress = completed_run.progress.model_copy(
            update={"onboarding": onboarding.model_copy(update={"steps": steps})}
        )
        states[name] = _reported(completed_run, progress=progress).state

    assert states == {"Order webhook": "ok", "Packages": "violation"}


async def test_missing_effect_is_a_violation(completed_run: CompletedRun) -> None:
    unseen = []
    for row in completed_run.rows:
        last_of_its_kind = [other for other in completed_run.rows if other.kind == row.kind][-1]
        if row.kind == "number.updated" and row is not last_of_its_kind:
            continue
        if (
            _reported(
                completed_run, rows=[other for other in completed_run.rows if other is not row]
            ).state
            == "ok"
        ):
            unseen.append(row.kind)
    assert unseen == []


async def test_duplicate_create_is_a_violation_and_repeated_idempotent_write_is_not(
    completed_run: CompletedRun,
) -> None:
    sets = {
        "guardian.features_set",
        "e911_address.set",
        "data_limits.set",
        "renewal.set",
        "number.updated",
    }
    unseen = set()
    for row in completed_run.rows:
        changed = "" if row.kind in sets else _own_id(row)
        again = {k: f"{v}-2" if k == changed else v for k, v in row.data.items()}
        rows = [
            *completed_run.rows,
            LedgerRow(len(completed_run.rows) + 1, row.time, row.kind, again),
        ]
        if _reported(completed_run, rows=rows).state == "ok":
            unseen.add(row.kind)
    assert unseen == sets


async def test_duplicate_number_is_named(completed_run: CompletedRun) -> None:
    bought = _row(completed_run, "number.provisioned")
    second = {**bought.data, "number": "+18015550199", "number_id": "NID-2", "order_id": "O-2"}
    report = _reported(
        completed_run, rows=[*completed_run.rows, replace(bought, seq=999, data=second)]
    )
    assert report.violations == ["duplicate: child has +18015550199, which belongs to no line"]


async def test_id_in_another_spelling_is_the_same(completed_run: CompletedRun) -> None:
    onboarding = completed_run.progress.onboarding
    assert onboarding.result
    other = {
        key: found.replace("TSUID-", "SID-").upper()
        for key, found in onboarding.result.subscriber_ids.items()
    }
    result = onboarding.result.model_copy(update={"subscriber_ids": other})
    progress = completed_run.progress.model_copy(
        update={"onboarding": onboarding.model_copy(update={"result": result})}
    )

    assert _reported(completed_run, progress=progress).violations == []


async def test_missing_subscription_is_named(completed_run: CompletedRun) -> None:
    rows = [row for row in completed_run.rows if row.kind != "subscription.created"]
    violations = "\n".join(_reported(completed_run, rows=rows).violations)
    assert "subscription of bought: reported as SUB-" in violations
    assert "which was never created" in violations


async def test_unrequested_effect_is_a_violation(completed_run: CompletedRun) -> None:
    row = _row(completed_run, "account.created")
    orphan = replace(row, seq=999, data={**row.data, "account_id": "AID-2", "name": "Other"})
    (sentence,) = _reported(completed_run, rows=[*completed_run.rows, orphan]).violations
    assert sentence.startswith("not requested: account.created account_id AID-2")


async def test_wrong_owner_is_a_violation(completed_run: CompletedRun) -> None:
    unseen = []
    for row in completed_run.rows:
        for name in row.data.keys() & {"account_id", "subscriber_id", "message_route_id", "tnid"}:
            if row.data[name] is None or name == _own_id(row):
                continue
            foreign = replace(row, data={**row.data, name: "foreign"})
            rows = [foreign if other is row else other for other in completed_run.rows]
            if row.kind != "number.updated" and _reported(completed_run, rows=rows).state == "ok":
                unseen.append((row.kind, name))
    assert unseen == []


async def test_wrong_parameters_are_a_violation(completed_run: CompletedRun) -> None:
    limits = _row(completed_run, "data_limits.set")
    more = replace(limits, data={**limits.data, "LimitValue": 5000})
    rows = [more if row is limits else row for row in completed_run.rows]
    assert _reported(completed_run, rows=rows).violations == [
        "data limits of bought: LimitValue is 5000, not 1000"
    ]


async def test_wrong_pin_in_an_update_is_a_second_rejection(
    completed_run: CompletedRun,
) -> None:
    rejected, updated = (
        _row(completed_run, "portin.rejected"),
        _row(completed_run, "portin.updated"),
    )
    refused = {**rejected.data, "reason": "6B-TRANSFER PIN REQUIRED OR INCORRECT"}
    rows = [
        *completed_run.rows,
        replace(rejected, seq=998, data=refused),
        replace(updated, seq=999),
    ]
    violations = "\n".join(_reported(completed_run, rows=rows).violations)
    assert "wrong data was sent" in violations


async def test_update_without_pin_is_a_violation(completed_run: CompletedRun) -> None:
    updated = _row(completed_run, "portin.updated")
    fields = [name for name in updated.data["fields"] if name != "CurrentAccountPassword"]
    rows = [
        replace(row, data={**row.data, "fields": fields}) if row is updated else row
        for row in completed_run.rows
    ]
    assert _reported(completed_run, rows=rows).violations == [
        "port-in of ported: an update left out CurrentAccountPassword"
    ]


async def test_unreported_resource_is_an_orphan(completed_run: CompletedRun) -> None:
    progress = completed_run.progress.model_copy(deep=True)
    progress.lines[BOUGHT].result.subscription_id = None
    (sentence,) = _reported(completed_run, progress=progress).violations
    assert sentence.startswith("orphan: subscription of bought exists as SUB-")


async def test_escalation_excuses_only_its_resource(
    completed_run: CompletedRun,
) -> None:
    escalated = _escalated(completed_run, "Subscription", ["2026-11-23 10:00:00 UTC no response"])
    subscription = _row(completed_run, "subscription.created")
    without = [
        row for row in completed_run.rows if row.data.get("tnid") != subscription.data["tnid"]
    ]
    report = _reported(completed_run, rows=without, progress=escalated)
    assert (report.state, report.violations) == ("escalated", [])
    assert "Subscription escalated" in report.escalations[0]

    number = _row(completed_run, "number.provisioned")
    lost = [row for row in without if row is not number]
    assert _reported(completed_run, rows=lost, progress=escalated).state == "violation"


async def test_escalation_without_evidence_is_a_violation(completed_run: CompletedRun) -> None:
    report = _reported(completed_run, progress=_escalated(completed_run, "Subscription", []))
    assert "line bought, Subscription is escalated without evidence" in report.violations


async def test_escalation_missing_in_the_onboarding_is_a_violation(
    completed_run: CompletedRun,
) -> None:
    escalated = _escalated(completed_run, "Subscription", ["no response"])
    for brief in escalated.onboarding.lines:
        brief.state = StepState.RUNNING
    violations = "\n".join(_reported(completed_run, progress=escalated).violations)
    assert "line bought needs an operator, but the onboarding shows it as running" in violations


async def test_duplicates_are_excused_only_by_an_escalation_that_names_both(
    completed_run: CompletedRun,
) -> None:
    row = _row(completed_run, "subscription.created")
    second = replace(row, seq=999, data={**row.data, "subscription_id": "SUB-2"})
    first_id = str(row.data["subscription_id"])
    for evidence, state in (
        ([f"2 subscriptions match: {first_id}, SUB-2"], "escalated"),
        (["no response"], "violation"),
    ):
        escalated = _escalated(completed_run, "Subscription", evidence)
        assert (
            _reported(completed_run, rows=[*completed_run.rows, second], progress=escalated).state
            == state
        )


async def test_unknown_submit_excuses_its_order(
    completed_run: CompletedRun,
) -> None:
    rows = [
        row
        for row in completed_run.rows
        if not row.kind.startswith("portin.") or row.kind == "portin.submitted"
    ]
    tnid = _row(completed_run, "portin.completed").data["number_id"]
    rows = [r for r in rows if r.kind != "number.updated" and r.data.get("tnid") != tnid]
    for state, report in (
        (PortState.SUBMIT_UNKNOWN, "escalated"),
        (PortState.SUBMITTED, "violation"),
    ):
        progress = _running(
            completed_run, PORTED, "Port-in", "Submit", "Losing carrier", "Subscription"
        )
        progress.lines[PORTED].result.subscription_id = None
        port = progress.ports[PORTED]
        port.state, port.order_id = state, None
        port.timeline[-1].state, port.timeline[-1].vendor_message = state, "500"
        assert _reported(completed_run, rows=rows, progress=progress).state == report


async def test_operator_needed_without_a_message_of_the_vendor_is_a_violation(
    completed_run: CompletedRun,
) -> None:
    found = {}
    for message in ("HTTP 500", ""):
        progress = _running(completed_run, PORTED, "Port-in", "Submit", "Losing carrier")
        port = progress.ports[PORTED]
        port.state, port.reason, port.remedy = PortState.SUBMIT_UNKNOWN, "", ""
        entered, decided = (
            port.timeline[-1].model_copy(update={"state": port.state, "vendor_message": text})
            for text in (message, "")
        )
        port.timeline = [*port.timeline, entered, decided]
        found[message] = _reported(completed_run, progress=progress).violations

    sentence = "line ported, Port-in is SUBMIT_UNKNOWN without a reason"
    assert (sentence in found["HTTP 500"], sentence in found[""]) == (False, True)


async def test_open_onboarding_without_escalation_is_stuck(completed_run: CompletedRun) -> None:
    progress = completed_run.progress.model_copy(deep=True)
    assert progress.onboarding.result is not None
    progress.onboarding.result.complete = False
    assert _reported(completed_run, progress=progress).violations == [STUCK]


def _reported(
    completed_run: CompletedRun,
    rows: list[LedgerRow] | None = None,
    progress: OnboardingProgress | None = None,
) -> InvariantReport:
    customer = completed_run.customer
    rows = completed_run.rows if rows is None else rows
    return check_invariants(
        customer.request, rows, progress or completed_run.progress, customer.rejections
    )


def _row(completed_run: CompletedRun, kind: str) -> LedgerRow:
    return next(row for row in completed_run.rows if row.kind == kind)


def _own_id(row: LedgerRow) -> str:
    own: dict[str, Any] = {
        "portin": "order_id",
        "number": "number",
        "guardian": "child_id",
        "call_filter": "filter_id",
        "message_filter": "filter_id",
    }
    what = row.kind.split(".")[0]
    return str(own.get(what, f"{what}_id"))


def _running(completed_run: CompletedRun, line: str, *steps: str) -> OnboardingProgress:
    """The progress as if these steps of a line had not ended."""
    progress = completed_run.progress.model_copy(deep=True)
    assert progress.onboarding.result is not None
    progress.onboarding.result.complete = False
    of_line: list[Step] = progress.lines[line].steps
    of_port = progress.ports[line].steps if line in progress.ports else []
    for step in [*of_line, *of_port]:
        if step.name in steps:
            step.state = StepState.NEEDS_OPERATOR
    for brief in progress.onboarding.lines:
        brief.state = StepState.NEEDS_OPERATOR if brief.key == line else brief.state
    return progress


def _escalated(completed_run: CompletedRun, step: str, evidence: list[str]) -> OnboardingProgress:
    progress = _running(completed_run, BOUGHT, step)
    progress.lines[BOUGHT].result.subscription_id = None
    progress.lines[BOUGHT].escalations = [
        Escalation(step=step, message="is it there?", evidence=evidence)
    ]
    return progress
