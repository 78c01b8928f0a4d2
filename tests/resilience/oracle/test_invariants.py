from dataclasses import replace
from typing import Any

from resilience.harness.customer import BOUGHT, PORTED
from resilience.oracle.invariants import Verdict, judge
from simulator import LedgerRow
from telegent_orchestrator.client import Progress
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.progress import Question, Step, StepState
from tests.resilience.completed_run import Played


async def test_what_is_there_once_and_told_is_well(clean: Played) -> None:
    verdict = _judged(clean)
    assert (verdict.state, verdict.wrong, verdict.waits) == ("ok", [], [])


async def test_each_missing_effect_is_found(clean: Played) -> None:
    unseen = []
    for row in clean.rows:
        last_of_its_kind = [other for other in clean.rows if other.kind == row.kind][-1]
        if row.kind == "number.updated" and row is not last_of_its_kind:
            continue
        if _judged(clean, rows=[other for other in clean.rows if other is not row]).state == "ok":
            unseen.append(row.kind)
    assert unseen == []


async def test_each_doubled_effect_is_found_but_not_a_repeated_set(clean: Played) -> None:
    sets = {"guardian.features_set", "data_limits.set", "renewal.set", "number.updated"}
    unseen = set()
    for row in clean.rows:
        changed = "" if row.kind in sets else _own_id(row)
        again = {k: f"{v}-2" if k == changed else v for k, v in row.data.items()}
        rows = [*clean.rows, LedgerRow(len(clean.rows) + 1, row.time, row.kind, again)]
        if _judged(clean, rows=rows).state == "ok":
            unseen.add(row.kind)
    assert unseen == sets


async def test_a_doubled_number_is_called_by_its_name(clean: Played) -> None:
    bought = _row(clean, "number.provisioned")
    second = {**bought.data, "number": "+18015550199", "number_id": "NID-2", "order_id": "O-2"}
    verdict = _judged(clean, rows=[*clean.rows, replace(bought, seq=999, data=second)])
    assert verdict.wrong == ["doubled: child has +18015550199, which is no line's"]


async def test_a_lost_subscription_is_called_by_its_name(clean: Played) -> None:
    rows = [row for row in clean.rows if row.kind != "subscription.created"]
    wrong = "\n".join(_judged(clean, rows=rows).wrong)
    assert "subscription of bought: said to be SUB-" in wrong
    assert "which was never made" in wrong


async def test_what_nobody_asked_for_is_found(clean: Played) -> None:
    made = _row(clean, "account.created")
    orphan = replace(made, seq=999, data={**made.data, "account_id": "AID-2", "name": "Other"})
    (sentence,) = _judged(clean, rows=[*clean.rows, orphan]).wrong
    assert sentence.startswith("nobody asked for account.created account_id AID-2")


async def test_every_foreign_owner_is_found(clean: Played) -> None:
    unseen = []
    for row in clean.rows:
        for name in row.data.keys() & {"account_id", "subscriber_id", "message_route_id", "tnid"}:
            if row.data[name] is None or name == _own_id(row):
                continue
            foreign = replace(row, data={**row.data, name: "foreign"})
            rows = [foreign if other is row else other for other in clean.rows]
            if row.kind != "number.updated" and _judged(clean, rows=rows).state == "ok":
                unseen.append((row.kind, name))
    assert unseen == []


async def test_wrong_parameters_are_found(clean: Played) -> None:
    limits = _row(clean, "data_limits.set")
    more = replace(limits, data={**limits.data, "LimitValue": 5000})
    rows = [more if row is limits else row for row in clean.rows]
    assert _judged(clean, rows=rows).wrong == [
        "data limits of bought: LimitValue is 5000, not 1000"
    ]


async def test_a_wrong_pin_in_an_update_shows_as_a_second_rejection(clean: Played) -> None:
    rejected, updated = _row(clean, "portin.rejected"), _row(clean, "portin.updated")
    refused = {**rejected.data, "reason": "6B-TRANSFER PIN REQUIRED OR INCORRECT"}
    rows = [
        *clean.rows,
        replace(rejected, seq=998, data=refused),
        replace(updated, seq=999),
    ]
    wrong = "\n".join(_judged(clean, rows=rows).wrong)
    assert "wrong data were sent" in wrong


async def test_an_update_that_leaves_out_the_pin_is_found(clean: Played) -> None:
    updated = _row(clean, "portin.updated")
    fields = [name for name in updated.data["fields"] if name != "CurrentAccountPassword"]
    rows = [
        replace(row, data={**row.data, "fields": fields}) if row is updated else row
        for row in clean.rows
    ]
    assert _judged(clean, rows=rows).wrong == [
        "port-in of ported: an update left out CurrentAccountPassword"
    ]


async def test_what_is_there_but_not_told_is_an_orphan(clean: Played) -> None:
    progress = clean.progress.model_copy(deep=True)
    progress.lines[BOUGHT].result.subscription_id = None
    (sentence,) = _judged(clean, progress=progress).wrong
    assert sentence.startswith("orphan: subscription of bought is there as SUB-")


async def test_a_question_excuses_what_it_asks_about_and_nothing_else(clean: Played) -> None:
    asking = _asking(clean, "Subscription", ["2026-11-23 10:00:00 UTC no answer"])
    subscription = _row(clean, "subscription.created")
    without = [row for row in clean.rows if row.data.get("tnid") != subscription.data["tnid"]]
    verdict = _judged(clean, rows=without, progress=asking)
    assert (verdict.state, verdict.wrong) == ("person", [])
    assert "Subscription asks" in verdict.waits[0]

    number = _row(clean, "number.provisioned")
    lost = [row for row in without if row is not number]
    assert _judged(clean, rows=lost, progress=asking).state == "breach"


async def test_a_question_without_evidence_is_a_breach(clean: Played) -> None:
    verdict = _judged(clean, progress=_asking(clean, "Subscription", []))
    assert "line bought, Subscription asks without evidence" in verdict.wrong


async def test_a_question_that_the_onboarding_does_not_show_is_silent(clean: Played) -> None:
    asking = _asking(clean, "Subscription", ["no answer"])
    for brief in asking.onboarding.lines:
        brief.state = StepState.RUNNING
    wrong = "\n".join(_judged(clean, progress=asking).wrong)
    assert "line bought waits for a person, and the onboarding shows it as running" in wrong


async def test_two_of_a_thing_are_in_order_only_when_a_question_names_both(clean: Played) -> None:
    made = _row(clean, "subscription.created")
    second = replace(made, seq=999, data={**made.data, "subscription_id": "SUB-2"})
    first_id = str(made.data["subscription_id"])
    for evidence, state in (
        ([f"2 subscriptions match: {first_id}, SUB-2"], "person"),
        (["no answer"], "breach"),
    ):
        asking = _asking(clean, "Subscription", evidence)
        assert _judged(clean, rows=[*clean.rows, second], progress=asking).state == state


async def test_a_submit_without_an_answer_names_its_order_by_its_state(clean: Played) -> None:
    rows = [
        row
        for row in clean.rows
        if not row.kind.startswith("portin.") or row.kind == "portin.submitted"
    ]
    tnid = _row(clean, "portin.completed").data["number_id"]
    rows = [r for r in rows if r.kind != "number.updated" and r.data.get("tnid") != tnid]
    for state, verdict in ((PortState.SUBMIT_UNKNOWN, "person"), (PortState.SUBMITTED, "breach")):
        progress = _running(clean, PORTED, "Port-in", "Submit", "Losing carrier", "Subscription")
        progress.lines[PORTED].result.subscription_id = None
        port = progress.ports[PORTED]
        port.state, port.order_id = state, None
        port.timeline[-1].vendor_words = "500"
        assert _judged(clean, rows=rows, progress=progress).state == verdict


async def test_what_has_not_ended_and_asks_nobody_is_stuck(clean: Played) -> None:
    progress = clean.progress.model_copy(deep=True)
    assert progress.onboarding.result is not None
    progress.onboarding.result.complete = False
    assert _judged(clean, progress=progress).wrong == [
        "not complete, and nobody is asked: stuck or silent"
    ]


def _judged(
    clean: Played, rows: list[LedgerRow] | None = None, progress: Progress | None = None
) -> Verdict:
    family = clean.family
    rows = clean.rows if rows is None else rows
    return judge(family.request, rows, progress or clean.progress, family.rejections)


def _row(clean: Played, kind: str) -> LedgerRow:
    return next(row for row in clean.rows if row.kind == kind)


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


def _running(clean: Played, line: str, *steps: str) -> Progress:
    """The progress as if these steps of a line had not ended."""
    progress = clean.progress.model_copy(deep=True)
    assert progress.onboarding.result is not None
    progress.onboarding.result.complete = False
    of_line: list[Step] = progress.lines[line].steps
    of_port = progress.ports[line].steps if line in progress.ports else []
    for step in [*of_line, *of_port]:
        if step.name in steps:
            step.state = StepState.NEEDS_PERSON
    for brief in progress.onboarding.lines:
        brief.state = StepState.NEEDS_PERSON if brief.key == line else brief.state
    return progress


def _asking(clean: Played, step: str, evidence: list[str]) -> Progress:
    progress = _running(clean, BOUGHT, step)
    progress.lines[BOUGHT].result.subscription_id = None
    progress.lines[BOUGHT].questions = [Question(step=step, text="is it there?", evidence=evidence)]
    return progress
