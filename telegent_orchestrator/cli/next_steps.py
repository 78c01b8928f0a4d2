"""What to do next about something that waits for a person, as commands to type."""

from telegent_orchestrator import names
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.input import SECRET_FIELDS
from telegent_orchestrator.cli.results import NextStep
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.client.executions import Execution, ExecutionStatus
from telegent_orchestrator.port_in import OperatorAction, PortInStatus, PortState
from telegent_orchestrator.progress import Escalation, ResolutionAction

OBJECT_FIELDS = {
    "billing_address": ("street1", "city", "state", "zip"),
    "authorization": ("reference", "attested_by", "attested_at"),
}
"""Fields of a correction that are objects, with what each needs."""
CONFIRMATIONS = frozenset({"lock_removed", "old_service_stays_active"})


def onboarding_next_steps(
    progress: OnboardingProgress, execution: Execution, session: Session
) -> list[NextStep]:
    """For each escalation, each port-in that waits, and an end that is not a success."""
    reference = progress.onboarding.reference
    running = execution.status is ExecutionStatus.RUNNING
    steps = []
    if running:
        steps += [
            _resolve_step(escalation, reference, None, session)
            for escalation in progress.onboarding.escalations
        ]
    for key, line in progress.lines.items():
        if running:
            steps += [
                _resolve_step(escalation, reference, key, session)
                for escalation in line.escalations
            ]
        if port := progress.ports.get(key):
            workflow_id = line.result.port_in_workflow_id or ""
            steps += port_in_next_steps(port, workflow_id, session)
    if execution.status not in (
        ExecutionStatus.RUNNING,
        ExecutionStatus.PAUSED,
        ExecutionStatus.COMPLETED,
    ):
        steps.append(
            NextStep(
                reason="mend what has stopped it, and start the request with the same reference "
                "again: what exists is used",
                commands=[session.command("start", "FILE", "--watch")],
            )
        )
    return steps


def port_in_next_steps(port: PortInStatus, workflow_id: str, session: Session) -> list[NextStep]:
    """For a port-in that waits for data, for its order's id, or for an operator."""
    # By its number, unless the worker has another key for ids than we have.
    same = names.port_in_id(port.phone_number, session.id_key) == workflow_id
    target = port.phone_number if same else workflow_id
    fields = port.fields_to_correct
    match port.state:
        case PortState.INFO_REQUIRED:
            events = (entry.event for entry in reversed(port.timeline))
            missing = next((event for event in events if event.startswith("not sent")), "not sent")
            reason = f"the port-in of {port.phone_number} waits for data: {missing}"
            return [_correct_step(reason, target, fields, session)]
        case PortState.ACTION_REQUIRED:
            reason = (
                f"the port-in of {port.phone_number} was rejected ({port.reason}): {port.remedy}"
            )
            if fields and "operator" not in port.attention:
                return [_correct_step(reason, target, fields, session)]
            return [NextStep(reason=reason), _decide_step(port.attention, target, fields, session)]
        case PortState.SUBMIT_UNKNOWN:
            return [
                NextStep(
                    reason=f"the submit of {port.phone_number} was not answered: ask Telegent's "
                    "support for the order id",
                    commands=[
                        session.command(
                            "port-in", "attach", target, PLACEHOLDER, "--reason", PLACEHOLDER
                        )
                    ],
                )
            ]
    return [NextStep(reason=f"the port-in of {port.phone_number}: {port.attention}")] * bool(
        port.attention
    )


def _resolve_step(
    escalation: Escalation, reference: str, line: str | None, session: Session
) -> NextStep:
    where = ["--line", line] if line else []
    return NextStep(
        reason="; ".join([f"{escalation.step} asks: {escalation.message}", *escalation.evidence]),
        commands=[
            session.command(
                "resolve",
                reference,
                escalation.step,
                action.value,
                *(["--id", PLACEHOLDER] if action is ResolutionAction.ADOPT else []),
                *where,
                "--reason",
                PLACEHOLDER,
            )
            for action in ResolutionAction
        ],
    )


def _correct_step(reason: str, target: str, fields: list[str], session: Session) -> NextStep:
    return NextStep(
        reason=reason,
        commands=[session.command("port-in", "correct", target, *_value_options(fields))],
    )


def _decide_step(reason: str, target: str, fields: list[str], session: Session) -> NextStep:
    replace = [(OperatorAction.REPLACE_DATA, _value_options(fields))] if fields else []
    return NextStep(
        reason=f"{reason or 'an operator decides'}: send the same data again, submit a new order, "
        "or cancel",
        commands=[
            *(
                session.command(
                    "port-in", "decide", target, action.value, *values, "--reason", PLACEHOLDER
                )
                for action, values in [
                    *replace,
                    (OperatorAction.RETRY_NOW, []),
                    (OperatorAction.RESTART, []),
                ]
            ),
            session.command("port-in", "cancel", target, "--reason", PLACEHOLDER),
        ],
    )


def _value_options(fields: list[str]) -> list[str]:
    """The options of a correction that bring these fields."""
    options: list[str] = []
    for field in fields:
        if field in SECRET_FIELDS:
            options += ["--secret", field]
        elif field in CONFIRMATIONS:
            options += ["--set", f"{field}=true"]
        else:
            for part in OBJECT_FIELDS.get(field, ("",)):
                options += ["--set", f"{field}{'.' if part else ''}{part}={PLACEHOLDER}"]
    return options
