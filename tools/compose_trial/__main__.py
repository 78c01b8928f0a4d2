"""`python -m tools.compose_trial`: run docker-compose.yml here, as root, without a registry.

It installs Debian's packages, builds Temporal and Compose from Go modules once, and starts an
engine of its own. Everything is kept in the user's cache directory except for the packages.
"""

import asyncio
import sys
import time

from tools.compose_trial.containers import check_containers, stop_worker
from tools.compose_trial.dashboards import draw_dashboards
from tools.compose_trial.family import (
    Caller,
    onboard_family,
    open_port_in,
)
from tools.compose_trial.images import build_images, find_compose, stand_ins
from tools.compose_trial.load import apply_load
from tools.compose_trial.machine import CACHE, Engine, install_packages, run
from tools.compose_trial.monitoring import check_monitoring
from tools.compose_trial.recovery import (
    finish,
    kill_each,
    restart_everything,
    restore_backup,
    upgrade,
)
from tools.compose_trial.servers import try_two_servers
from tools.compose_trial.stack import FIRST_BUILD, Stack
from tools.compose_trial.transcript import Transcript
from tools.compose_trial.web import check_web


def main() -> int:
    """Run all steps. Returns 1 if one differed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    transcript = Transcript(CACHE / "transcript.txt")
    with transcript.step("packages are installed and programs built", required=True):
        install_packages()
        find_compose()
    with Engine() as engine:
        prepare(engine, transcript)
        stack = Stack(engine)
        # Of a run that was interrupted.
        stack.compose("down", "--volumes", "--remove-orphans")
        try:
            asyncio.run(try_everything(stack, transcript))
        finally:
            (CACHE / "containers.log").write_bytes(stack.compose("logs", "--no-color"))
            stack.compose("down", "--volumes", "--remove-orphans")
    transcript.heading(f"{len(transcript.differing)} steps differed")
    return min(len(transcript.differing), 1)


def prepare(engine: Engine, transcript: Transcript) -> None:
    """Build the images that cannot be pulled."""
    transcript.heading("Images")
    with transcript.step("local images stand in for those of the registry", required=True):
        build_images(engine)
        for stand_in in stand_ins():
            transcript.saw(f"{stand_in.image}: {stand_in.contents}")
        version = engine.docker("version", "--format", "{{.Server.Version}}").strip()
        compose = run([find_compose(), "version"]).decode().splitlines()[0]
        transcript.saw(f"engine {version}, {compose}")


async def try_everything(stack: Stack, transcript: Transcript) -> None:
    """All parts, in an order in which each finds what the one before left."""
    transcript.heading("Start")
    with transcript.step("up, with every profile, until all are healthy", required=True):
        stack.make_secrets()
        stack.compose("config", "--quiet")
        stack.compose("up", "--build", "--detach", build=FIRST_BUILD)
        stack.wait_ready()
        stack.require(list(stack.services))
        transcript.saw(", ".join(container.name for container in stack.containers()))
    check_containers(stack, transcript)
    transcript.heading("Onboarding")
    caller = await Caller.connect(stack)
    await onboard_family(stack, caller, transcript)
    check_web(stack, transcript)
    await open_port_in(caller, transcript)
    transcript.heading("Every container is killed once")
    await kill_each(stack, caller, transcript)
    transcript.heading("Monitoring")
    started_at = time.time()
    await apply_load(caller, transcript)
    await check_monitoring(stack, transcript)
    draw_dashboards(stack.directory / "deploy/grafana/dashboards", started_at, transcript)
    transcript.heading("Restart, new build, backup")
    stop_worker(stack, transcript)
    await restart_everything(stack, caller, transcript)
    await upgrade(stack, caller, transcript)
    await restore_backup(stack, caller, transcript)
    await finish(stack, caller, transcript)
    transcript.heading("Two Temporal servers")
    await try_two_servers(stack, caller, transcript)


if __name__ == "__main__":
    sys.exit(main())
