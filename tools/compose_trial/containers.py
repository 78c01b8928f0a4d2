"""What the file says of every container: users, rights, secrets, ports, order, restarts."""

from pathlib import Path

from tools.compose_trial.stack import Container, Stack
from tools.compose_trial.transcript import Differs, Transcript, expect

USER = "10001"


def check_containers(stack: Stack, transcript: Transcript) -> None:
    """Compare every container with docker-compose.yml."""
    own = [c for c in stack.containers() if c.service in stack.own_services]
    with transcript.step("our containers: user 10001, no capability, no new privileges"):
        for container in (c for c in own if c.state.status == "running"):
            _check_rights(container)
        transcript.saw(", ".join(c.name for c in own if c.state.status == "running"))
    with transcript.step("our containers: nothing can be written, neither /app nor /tmp"):
        for container in (c for c in own if c.state.status == "running"):
            expect(container.host_config.readonly_rootfs, f"{container.name} is not read-only")
            for path in ("/app/written", "/tmp/written"):  # noqa: S108  tried, not used
                _check_read_only(stack, container, path)
    with transcript.step("secrets are read from their files, by the user of each container"):
        _check_secrets(stack, transcript)
    with transcript.step("ports are published on the loopback address only"):
        for container in stack.containers():
            for port, published in container.network.ports.items():
                for address in published or []:
                    expect(address.host_ip == "127.0.0.1", f"{container.name}: {port} {address}")
    with transcript.step("each service started after what it depends on"):
        _check_order(stack, transcript)


def _check_rights(container: Container) -> None:
    status = Path(f"/proc/{container.state.pid}/status").read_text("utf-8")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    wanted = {"Uid": USER, "CapEff": "0000000000000000", "CapBnd": "0000000000000000"}
    for field, value in {**wanted, "NoNewPrivs": "1"}.items():
        expect(fields[field].split()[0] == value, f"{container.name}: {field} {fields[field]}")


def _check_read_only(stack: Stack, container: Container, path: str) -> None:
    try:
        stack.engine.docker("exec", container.id, "python", "-c", f"open('{path}', 'w')")
    except Differs as error:
        expect("Read-only file system" in str(error), f"{container.name}: {error}")
    else:
        raise Differs(f"{container.name} can write {path}")


def _check_secrets(stack: Stack, transcript: Transcript) -> None:
    for container in stack.containers():
        names = stack.services[container.service].get("secrets", [])
        if not isinstance(names, list) or container.state.status != "running":
            continue
        for name in names:
            read = stack.engine.docker("exec", container.id, "cat", f"/run/secrets/{name}")
            expect(read.strip() == stack.secret(name), f"{container.name}: another {name}")
        if names:
            transcript.saw(f"{container.name}: {', '.join(names)}")


def _check_order(stack: Stack, transcript: Transcript) -> None:
    by_service = {container.service: container for container in stack.containers()}
    for container in stack.containers():
        needed = stack.services[container.service].get("depends_on", {})
        for name, how in needed.items() if isinstance(needed, dict) else []:
            other = by_service[name].state
            job = how["condition"] == "service_completed_successfully"
            since = other.finished_at if job else other.started_at
            expect(since <= container.state.started_at, f"{container.name} before {name}")
    jobs = [c for c in by_service.values() if c.state.health is None]
    transcript.saw(f"jobs that ended with status 0: {', '.join(job.name for job in jobs)}")


def stop_worker(stack: Stack, transcript: Transcript) -> None:
    """Stop a worker as an operator would, and start it again."""
    with transcript.step("a worker stops on request, not by force"):
        stack.compose("stop", "worker")
        for container in stack.containers():
            if container.service == "worker":
                seconds = (container.state.finished_at - container.state.started_at).total_seconds()
                expect(container.state.exit_code in (0, 143), f"exit {container.state.exit_code}")
                transcript.saw(
                    f"{container.name}: exit status {container.state.exit_code} "
                    f"after {seconds:.0f} s of work"
                )
        stack.compose("start", "worker")
        stack.wait_ready()
