"""A second Temporal server behind the same address, which is then killed."""

import asyncio
import time

import yaml
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.onboarding import OnboardingResult
from tools.compose_trial.family import Caller, effects
from tools.compose_trial.stack import THIRD_BUILD, Stack
from tools.compose_trial.transcript import Transcript, expect
from tools.compose_trial.waiting import TIMEOUT, wait_for

SECOND_SERVER = "temporal-2"
FILE = "second-server.yaml"
# Every service of a server writes its row again every ten seconds or so.
MEMBERS = """
SELECT count(*) FROM cluster_membership WHERE last_heartbeat > now() - interval '20 seconds'
"""
SERVICES_OF_A_SERVER = 4


async def try_two_servers(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Start another server with the name `temporal`, restart the workers, kill it during work."""
    with transcript.step("a second server joins under the same name", required=True):
        service = dict(stack.services["temporal"])
        del service["ports"]
        service["networks"] = {"default": {"aliases": ["temporal"]}}
        written = yaml.safe_dump({"services": {SECOND_SERVER: service}})
        (stack.directory / FILE).write_text(written, encoding="utf-8")
        up = ("--file", FILE, "up", "--detach", "--no-recreate")
        stack.compose(*up, SECOND_SERVER, build=THIRD_BUILD)
        stack.wait_ready()

        async def joined() -> bool:
            return _members(stack) == 2 * SERVICES_OF_A_SERVER

        await wait_for("two servers in the membership table", joined)
        # A connection stays with the server that it was made to.
        stack.compose("restart", "worker", "webhook", build=THIRD_BUILD)
        stack.wait_ready()
        transcript.saw(f"{2 * SERVICES_OF_A_SERVER} members: four services of each server")
    with transcript.step("it is killed while onboardings run, and stays away"):
        accounts, started = effects()["account.created"], time.monotonic()
        names = [f"trial-two-servers-{number}" for number in range(5)]
        handles = [await caller.onboard_empty(name) for name in names]
        # Unlike a process that ends, a container that is killed by name is not started again.
        stack.engine.docker("kill", stack.container(f"{SECOND_SERVER}-1").id)
        for handle in handles:
            result = await _wait_for_result(handle)
            expect(result.complete, f"errors: {result.errors}")
        created = effects()["account.created"] - accounts
        expect(created == len(names), f"{created} accounts of {len(names)} onboardings")
        seconds = time.monotonic() - started
        transcript.saw(f"{len(names)} onboardings complete after {seconds:.0f} s, one account each")
    stack.engine.docker("rm", "--force", stack.container(f"{SECOND_SERVER}-1").id)


async def _wait_for_result(handle: OnboardingHandle) -> OnboardingResult:
    """Its result. Until a server notices that another one is gone, calls to it fail."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return await handle.result()
        except RPCError as error:
            if error.status is not RPCStatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise
        await asyncio.sleep(1)


def _members(stack: Stack) -> int:
    query = ["psql", "--username=temporal", "--dbname=temporal", "--tuples-only", "-c", MEMBERS]
    return int(stack.compose("exec", "-T", "postgresql", *query, build=THIRD_BUILD))
