"""Kills, restarts, a new build, and a restored backup: what must survive them."""

from collections import Counter
from pathlib import Path

from temporalio.service import RPCError

from telegent_orchestrator.client import MessageRejectedError, ReconcileClient
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.progress import Resolution, ResolutionAction
from tools.compose_trial.family import (
    CORRECTION,
    EXAMPLES,
    OPEN_PORT_IN,
    TEMPORAL,
    Caller,
    check_family_readable,
    effects,
    example,
)
from tools.compose_trial.images import ROOT
from tools.compose_trial.machine import run
from tools.compose_trial.stack import FIRST_BUILD, SECOND_BUILD, THIRD_BUILD, Stack
from tools.compose_trial.transcript import Transcript, expect
from tools.compose_trial.waiting import wait_for

DATABASES = ("temporal", "temporal_visibility")
LINE = example("add-line.json", OnboardingRequest)
OPEN_IN_BACKUP = (
    'ExecutionStatus = "Running" AND (WorkflowType IN ("OnboardingWorkflow", "LineWorkflow") OR '
    '(WorkflowType = "PortInWorkflow" AND TelegentOrder IS NULL))'
)
TEMPORAL_CLI = ROOT / ".venv/bin/temporal"


async def kill_each(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Kill the first process of each container while an onboarding runs."""
    names = [c.name for c in stack.containers() if c.state.health and c.service != "simulator"]
    for name in names:
        with transcript.step(f"{name} is killed while an onboarding runs"):
            accounts = effects()["account.created"]
            handle = await caller.onboard_empty(f"trial-kill-{name}")
            seconds = stack.kill(name)
            result = await handle.result()
            created = effects()["account.created"] - accounts
            expect(result.complete, f"errors: {result.errors}")
            expect(created == 1, f"{created} accounts were created")
            transcript.saw(f"healthy again after {seconds:.0f} s; one account was created")


async def restart_everything(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Replace no container, then all but that of the simulator, which has no volume."""
    with transcript.step("up with the same build replaces no container"):
        before = {container.id for container in stack.containers()}
        stack.compose("up", "--build", "--detach")
        stack.wait_ready()
        replaced = [c.name for c in stack.containers() if c.id not in before]
        expect(not replaced, f"replaced: {replaced}")
    with transcript.step("all containers are removed, and created with the same volumes"):
        stack.remove_all_but_simulator()
        stack.compose("up", "--build", "--detach")
        stack.wait_ready()
    await check_family_readable(caller, transcript)


async def upgrade(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Start another build while the port-in is open, without losing the simulator's state."""
    with transcript.step("another build replaces the containers of ours", required=True):
        named = ("worker", "codec-server", "webhook")
        stack.compose("up", "--build", "--detach", *named, build=SECOND_BUILD)
        stack.wait_ready()
        _expect_build(stack, SECOND_BUILD, FIRST_BUILD)
        for container in stack.running("worker") + stack.running("simulator"):
            transcript.saw(f"{container.name}: {container.config.image}")
    await check_family_readable(caller, transcript)


async def restore_backup(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Back the databases up, buy a line, lose and restore them, and follow the runbook."""
    with transcript.step("PostgreSQL is backed up while everything runs", required=True):
        backups = {name: _dump(stack, name) for name in DATABASES}
        transcript.saw(", ".join(f"{name}: {len(dump)} bytes" for name, dump in backups.items()))
    with transcript.step("after the backup a line is bought, which the backup does not know"):
        result = await (await caller.orchestrator.start_onboarding(LINE)).result()
        expect(result.complete, f"errors: {result.errors}")
    bought = effects()["number.provisioned"]
    with transcript.step("the volume is lost and the backup restored", required=True):
        stack.remove_all_but_simulator(SECOND_BUILD)
        stack.engine.docker("volume", "rm", "telegent-trial_postgresql")
        stack.compose("up", "--detach", "--wait", "postgresql", build=SECOND_BUILD)
        for name, dump in backups.items():
            restore = ["pg_restore", "--username=temporal", "--dbname=postgres"]
            options = ["--clean", "--if-exists", "--create"]
            stack.compose("exec", "-T", "postgresql", *restore, *options, stdin=dump)
            transcript.saw(f"{name}: restored")
        stack.compose("up", "--detach", "namespace", build=SECOND_BUILD)
    await _follow_runbook(stack, caller, transcript)
    with transcript.step("the line escalates and gets its number: none is bought again"):
        handle = await caller.orchestrator.start_onboarding(LINE)
        decision = Resolution(
            step="Number",
            action=ResolutionAction.ADOPT,
            id=result.lines[0].phone_number,
            by="operator",
            reason="the backup is older than the number",
        )

        async def resolved() -> bool:
            try:
                await handle.resolve(decision, line=LINE.lines[0].key)
            except (MessageRejectedError, RPCError):
                return (await handle.execution()).ended_at is not None
            return True

        await wait_for("the escalation of the number", resolved)
        expect((await handle.result()).complete, "the line is not complete")
        now = effects()["number.provisioned"]
        expect(now == bought, f"{now - bought} numbers were bought again")
    await check_family_readable(caller, transcript)


def _expect_build(stack: Stack, build: str, of_simulator: str) -> None:
    for service in stack.own_services:
        expected = of_simulator if service == "simulator" else build
        for container in stack.running(service):
            image = container.config.image
            expect(image.endswith(f":{expected}"), f"{container.name} is of {image}")


def _dump(stack: Stack, database: str) -> bytes:
    dump = ["pg_dump", "--username=temporal", "--format=custom", database]
    return stack.compose("exec", "-T", "postgresql", *dump, build=SECOND_BUILD)


async def _follow_runbook(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    with transcript.step("the runbook: end what was open, give the line an earlier run"):
        workflow = f"onboarding-{LINE.reference}"
        address: list[str | Path] = [TEMPORAL_CLI, "--address", TEMPORAL]
        temporal = [*address, "workflow"]
        reason = ["--reason", "restored from a backup"]
        run([*temporal, "terminate", "--yes", *reason, "--query", OPEN_IN_BACKUP])

        async def ended() -> bool:
            return b"Running" not in run([*address, "batch", "list"])

        await wait_for("the end of the batch", ended)
        start = ["start", "--type", "OnboardingWorkflow", "--task-queue", "telegent-orchestrator"]
        request = ["--start-delay", "1h", "--input-file", str(EXAMPLES / "add-line.json")]
        run([*temporal, *start, "--workflow-id", workflow, *request])
        run([*temporal, "terminate", "--workflow-id", workflow, "--reason", "prepare the next run"])
        stack.compose("up", "--detach", *stack.all_but_simulator, build=SECOND_BUILD)
        stack.wait_ready()
    with transcript.step("a reconciliation lists the number that the backup does not know"):
        report = await (await ReconcileClient(caller.temporal).start()).result()
        kinds = Counter(finding.kind for finding in report.findings)
        shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        expect("unknown_number" in kinds, f"findings: {shown}")
        transcript.saw(f"findings: {shown}")


async def finish(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Correct the port-in that was open all the time, then kill the simulator too."""
    with transcript.step("the port-in that was open all the time is corrected and completes"):
        await caller.orchestrator.port_in(OPEN_PORT_IN).signal_correction(CORRECTION)
        await caller.wait_for_state(OPEN_PORT_IN, PortState.COMPLETED)
    with transcript.step("a third build replaces the simulator too, without naming services"):
        stack.compose("up", "--build", "--detach", build=THIRD_BUILD)
        stack.wait_ready()
        _expect_build(stack, THIRD_BUILD, THIRD_BUILD)
        await caller.wait_for_family()
    with transcript.step("the simulator is killed: it restarts, without its state"):
        transcript.saw(f"healthy again after {stack.kill('simulator-1'):.0f} s")
    with transcript.step("down and up of everything, the simulator too: the family can be read"):
        stack.compose("down", build=THIRD_BUILD)
        expect(not stack.containers(), "down left containers")
        stack.compose("up", "--detach", build=THIRD_BUILD)
        stack.wait_ready()
        await caller.wait_for_family()
