"""What an operator can do next, as commands to copy."""

from collections.abc import Callable

from telegent_orchestrator import names
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.cli.connection import Session
from telegent_orchestrator.cli.input import SECRET_FIELDS
from telegent_orchestrator.cli.results import NextStep
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.client.executions import Execution, ExecutionStatus, WorkflowKind
from telegent_orchestrator.line_changes import LineChangeStatus
from telegent_orchestrator.port_in import (
    CORRECTABLE,
    OperatorAction,
    PortInStatus,
    PortState,
)
from telegent_orchestrator.port_out import PortOutStatus
from telegent_orchestrator.progress import Escalation, ResolutionAction

OBJECT_FIELDS = {
    "billing_address": ("street1", "city", "state", "zip"),
    "authorization": ("reference", "attested_by", "attested_at"),
}
"""Fields of a correction that are objects, with their required fields."""
CONFIRMATIONS = frozenset({"lock_removed", "old_service_stays_active"})


def onboarding_next_steps(
    progress: OnboardingProgress, execution: Execution, session: Session
) -> list[NextStep]:
    """What resolves each escalation, each waiting port-in, and an unsuccessful end."""
    reference = progress.onboarding.reference
    running = execution.status is ExecutionStatus.RUNNING
    steps = []
    if running:
        steps += [
            _resolve_step(escalation, ["resolve", reference], [], session)
            for escalation in progress.onboarding.escalations
        ]
    for key, line in progress.lines.items():
        if running:
            steps += [
                _resolve_step(escalation, ["resolve", reference], ["--line", key], session)
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
                reason="fix the cause and start the request again with the same reference; "
                "existing resources are reused",
                commands=[session.command("start", "FILE", "--watch")],
            )
        )
    return steps


def port_in_next_steps(port: PortInStatus, workflow_id: str, session: Session) -> list[NextStep]:
    """What a port-in needs: data, its order's id, or an operator's decision."""
    # By its number, unless the worker computes ids with another key than this command.
    same = names.port_in_id(port.phone_number, session.id_key) == workflow_id
    target = port.phone_number if same else workflow_id
    fields = port.fields_to_correct
    match port.state:
        case PortState.INFO_REQUIRED if "phone_number" in fields:
            # A correction cannot change the number: it identifies the port-in.
            return [
                NextStep(
                    reason=f"{port.phone_number} cannot be ported ({_why_waiting(port)}), and a "
                    "correction cannot change the number: cancel, then start a port-in of the "
                    "right number",
                    commands=[
                        session.command("port-in", "cancel", target, "--reason", PLACEHOLDER),
                        session.command("port-in", "start", "FILE"),
                    ],
                )
            ]
        case PortState.INFO_REQUIRED:
            reason = f"the port-in of {port.phone_number} needs data: {_why_waiting(port)}"
            return [_correct_step(reason, target, fields, session)]
        case PortState.ACTION_REQUIRED:
            reason = (
                f"the port-in of {port.phone_number} was rejected ({port.reason}): {port.remedy}"
            )
            if fields and not port.needs_decision:
                return [_correct_step(reason, target, fields, session)]
            return [NextStep(reason=reason), _decide_step(port.attention, target, fields, session)]
        case PortState.SUBMIT_UNKNOWN:
            reason = (
                f"an order of {port.phone_number} may be open: ask Telegent's support. If there is "
                "one, attach it; if there is none, submit again or abandon the port-in"
            )
            return [_unknown_submit_step(reason, target, session.command)]
    if not port.attention:
        return []
    return [NextStep(reason=f"the port-in of {port.phone_number}: {port.attention}")]


def line_change_next_steps(
    status: LineChangeStatus, workflow_id: str, session: Session
) -> list[NextStep]:
    """What resolves each escalation of a line change."""
    command = ["line", "resolve", workflow_id]
    return [_resolve_step(each, command, [], session) for each in status.escalations]


def port_out_next_steps(
    status: PortOutStatus, workflow_id: str, session: Session
) -> list[NextStep]:
    """What resolves that a port-out makes no progress."""
    if status.attention:
        return [NextStep(reason=f"the port-out of {status.phone_number}: {status.attention}")]
    command = session.command("port-out", "confirm-departure", workflow_id, "--reason", "…")
    details = [step.detail for step in status.steps if not step.finished and step.detail]
    return [NextStep(reason=detail, commands=[command]) for detail in details]


def listed_next_steps(execution: Execution, command: Callable[..., str]) -> list[NextStep]:
    """What a workflow in a list needs. Its status says more, and shows the evidence."""
    if not execution.needs_operator:
        return []
    reference = execution.reference or execution.workflow_id
    who = ", ".join(filter(None, (execution.phone_number, execution.reference)))
    reason = execution.reason or "needs an operator"
    arguments: tuple[str, ...]
    match execution.kind, execution.port_state:
        case WorkflowKind.BULK, _:
            who = execution.workflow_id.removeprefix("bulk-")
            arguments = ("bulk", "status", who)
            reason = execution.step or reason
        case ((WorkflowKind.ONBOARDING | WorkflowKind.LINE), _):
            arguments = ("status", reference)
        case WorkflowKind.LINE_CHANGE_SET, _:
            reference = execution.workflow_id.removeprefix("line-changes-")
            arguments = ("line", "bulk-status", reference)
        case ((WorkflowKind.LINE_CHANGE | WorkflowKind.RENEWAL_CHANGE), _):
            arguments = ("line", "status", execution.workflow_id)
        case WorkflowKind.PORT_OUT, _:
            arguments = ("port-out", "status", execution.workflow_id)
        case _, PortState.SUBMIT_UNKNOWN.value:
            return [_unknown_submit_step(f"{who}: {reason}", execution.workflow_id, command)]
        case _ if execution.fields_to_correct and CORRECTABLE.issuperset(
            execution.fields_to_correct
        ):
            values = _value_options(execution.fields_to_correct)
            arguments = ("port-in", "correct", execution.workflow_id, *values)
        case _:
            arguments = ("port-in", "status", execution.workflow_id)
    return [NextStep(reason=f"{who or reference}: {reason}", commands=[command(*arguments)])]


def _why_waiting(port: PortInStatus) -> str:
    events = (
        entry.event
        for entry in reversed(port.timeline)
        if entry.by == "orchestrator" and entry.state is PortState.INFO_REQUIRED
    )
    return next(events, "data is missing or invalid")


def _resolve_step(
    escalation: Escalation, command: list[str], where: list[str], session: Session
) -> NextStep:
    return NextStep(
        reason="; ".join(
            [f"{escalation.step} needs an operator: {escalation.message}", *escalation.evidence]
        ),
        commands=[
            session.command(
                *command,
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


def _unknown_submit_step(reason: str, target: str, command: Callable[..., str]) -> NextStep:
    decide = ("port-in", "decide", target)
    return NextStep(
        reason=reason,
        commands=[
            command(*decide, action.value, *order, "--reason", PLACEHOLDER)
            for action, order in (
                (OperatorAction.ATTACH_ORDER, ("--order", PLACEHOLDER)),
                (OperatorAction.RETRY_NOW, ()),
                (OperatorAction.ABANDON, ()),
            )
        ],
    )


def _decide_step(reason: str, target: str, fields: list[str], session: Session) -> NextStep:
    replace = [(OperatorAction.REPLACE_DATA, _value_options(fields))] if fields else []
    return NextStep(
        reason=f"{reason or 'an operator must decide'}: resend the same data, submit a new order, "
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
    """The options of `port-in correct` that set these fields."""
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
