"""What to do next about something that waits for a person, as commands to type."""

from telegent_orchestrator import names
from telegent_orchestrator._models import OPEN
from telegent_orchestrator.cli.connection import House
from telegent_orchestrator.cli.input import SECRETS
from telegent_orchestrator.cli.results import Advice
from telegent_orchestrator.client import Progress
from telegent_orchestrator.client.executions import Execution, Run
from telegent_orchestrator.port_in import PortInStatus, PortState, Resolve
from telegent_orchestrator.progress import Answer, Question

PARTS = {
    "billing_address": ("street1", "city", "state", "zip"),
    "authorization": ("reference", "attested_by", "attested_at"),
}
"""Fields of a correction that are objects, with what each needs."""
CONFIRMATIONS = frozenset({"lock_removed", "old_service_stays_active"})


def advice_for_onboarding(progress: Progress, execution: Execution, house: House) -> list[Advice]:
    """For each question, each port-in that waits, and an end that is not a success."""
    reference = progress.onboarding.reference
    running = execution.run is Run.RUNNING
    advice = []
    if running:
        advice += [
            _answer(question, reference, None, house) for question in progress.onboarding.questions
        ]
    for key, line in progress.lines.items():
        if running:
            advice += [_answer(question, reference, key, house) for question in line.questions]
        if port := progress.ports.get(key):
            workflow_id = line.result.port_in_workflow_id or ""
            advice += advice_for_port_in(port, workflow_id, house)
    if execution.run not in (Run.RUNNING, Run.PAUSED, Run.COMPLETED):
        advice.append(
            Advice(
                why="mend what has stopped it, and start the request with the same reference "
                "again: what exists is used",
                commands=[house.command("start", "FILE", "--watch")],
            )
        )
    return advice


def advice_for_port_in(port: PortInStatus, workflow_id: str, house: House) -> list[Advice]:
    """For a port-in that waits for data, for its order's id, or for an operator."""
    # By its number, unless the worker has another key for ids than we have.
    same = names.port_in_id(port.phone_number, house.id_key) == workflow_id
    target = port.phone_number if same else workflow_id
    fields = port.fields_to_correct
    match port.state:
        case PortState.INFO_REQUIRED:
            said = (entry.what for entry in reversed(port.timeline))
            missing = next((what for what in said if what.startswith("not sent")), "not sent")
            why = f"the port-in of {port.phone_number} waits for data: {missing}"
            return [_correct(why, target, fields, house)]
        case PortState.ACTION_REQUIRED:
            why = f"the port-in of {port.phone_number} was rejected ({port.reason}): {port.remedy}"
            if fields and "operator" not in port.attention:
                return [_correct(why, target, fields, house)]
            return [Advice(why=why), _decide(port.attention, target, fields, house)]
        case PortState.SUBMIT_UNKNOWN:
            return [
                Advice(
                    why=f"the submit of {port.phone_number} was not answered: ask Telegent's "
                    "support for the order id",
                    commands=[house.command("port-in", "attach", target, OPEN, "--reason", OPEN)],
                )
            ]
    return [Advice(why=f"the port-in of {port.phone_number}: {port.attention}")] * bool(
        port.attention
    )


def _answer(question: Question, reference: str, line: str | None, house: House) -> Advice:
    where = ["--line", line] if line else []
    return Advice(
        why="; ".join([f"{question.step} asks: {question.text}", *question.evidence]),
        commands=[
            house.command(
                "resolve",
                reference,
                question.step,
                answer.value,
                *(["--id", OPEN] if answer is Answer.ADOPT else []),
                *where,
                "--reason",
                OPEN,
            )
            for answer in Answer
        ],
    )


def _correct(why: str, target: str, fields: list[str], house: House) -> Advice:
    return Advice(why=why, commands=[house.command("port-in", "update", target, *_values(fields))])


def _decide(why: str, target: str, fields: list[str], house: House) -> Advice:
    replace = [(Resolve.REPLACE_DATA, _values(fields))] if fields else []
    return Advice(
        why=f"{why or 'an operator decides'}: send the same data again, submit a new order, "
        "or cancel",
        commands=[
            *(
                house.command("port-in", "decide", target, action.value, *values, "--reason", OPEN)
                for action, values in [*replace, (Resolve.RETRY_NOW, []), (Resolve.START_AGAIN, [])]
            ),
            house.command("port-in", "cancel", target, "--reason", OPEN),
        ],
    )


def _values(fields: list[str]) -> list[str]:
    """The options of a correction that bring these fields."""
    words: list[str] = []
    for field in fields:
        if field in SECRETS:
            words += ["--secret", field]
        elif field in CONFIRMATIONS:
            words += ["--set", f"{field}=true"]
        else:
            for part in PARTS.get(field, ("",)):
                words += ["--set", f"{field}{'.' if part else ''}{part}={OPEN}"]
    return words
