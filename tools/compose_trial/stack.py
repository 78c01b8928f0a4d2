"""The Compose project: a copy of the repository with secrets of its own."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import datetime

import yaml
from pydantic import BaseModel, Field

from tools.compose_trial.images import ROOT, base_image, find_compose
from tools.compose_trial.machine import CACHE, Engine, run
from tools.compose_trial.transcript import Differs, expect

PROJECT = "telegent-trial"
PROFILES = ("simulator", "webhook", "monitoring")
FIRST_BUILD, SECOND_BUILD, THIRD_BUILD = "trial-1", "trial-2", "trial-3"
HEALTHY_TIMEOUT = 600.0
OVERRIDE = "trial.yaml"
IMAGE_PREFIX = "telegent-orchestrator:"


class Health(BaseModel):
    """Result of the health check."""

    status: str = Field(alias="Status")


class State(BaseModel):
    """What the engine knows of a container's process."""

    status: str = Field(alias="Status")
    pid: int = Field(alias="Pid")
    exit_code: int = Field(alias="ExitCode")
    started_at: datetime = Field(alias="StartedAt")
    finished_at: datetime = Field(alias="FinishedAt")
    health: Health | None = Field(alias="Health", default=None)


class Published(BaseModel):
    """An address of this machine."""

    host_ip: str = Field(alias="HostIp")


class Network(BaseModel):
    """The published ports."""

    ports: dict[str, list[Published] | None] = Field(alias="Ports")


class HostConfig(BaseModel):
    """What the container may do."""

    readonly_rootfs: bool = Field(alias="ReadonlyRootfs")


class Config(BaseModel):
    """What it was created from."""

    image: str = Field(alias="Image")
    labels: dict[str, str] = Field(alias="Labels")


class Container(BaseModel):
    """A container, as `docker inspect` shows it."""

    id: str = Field(alias="Id")
    state: State = Field(alias="State")
    restart_count: int = Field(alias="RestartCount")
    config: Config = Field(alias="Config")
    host_config: HostConfig = Field(alias="HostConfig")
    network: Network = Field(alias="NetworkSettings")

    @property
    def service(self) -> str:
        """Its service in docker-compose.yml."""
        return self.config.labels["com.docker.compose.service"]

    @property
    def name(self) -> str:
        """Service and number, such as `worker-2`."""
        return f"{self.service}-{self.config.labels['com.docker.compose.container-number']}"

    @property
    def ready(self) -> bool:
        """Whether it is healthy, or has ended well if it is a job."""
        if self.state.health is None:
            return self.state.status == "exited" and self.state.exit_code == 0
        return self.state.status == "running" and self.state.health.status == "healthy"


class Stack:
    """Runs Compose on the copy.

    Attributes:
        directory: Where the copy is.
        services: The services of docker-compose.yml, as parsed.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.directory = CACHE / "project"
        self._program = find_compose()
        self._copy_repository()
        composed = yaml.safe_load((self.directory / "docker-compose.yml").read_text("utf-8"))
        self.services: dict[str, dict[str, object]] = composed["services"]
        (self.directory / OVERRIDE).write_text(self._override(), encoding="utf-8")

    def _copy_repository(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        for name in run(["git", "ls-files", "-z"], directory=ROOT).decode().split("\0"):
            if name and (ROOT / name).is_file():
                (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.directory / name)

    def _override(self) -> str:
        """Build on the local base, which is known by its tag only."""
        build = {"network": "host", "args": {"PYTHON_IMAGE": base_image()}}
        services = {
            name: {"build": build} for name, service in self.services.items() if "build" in service
        }
        return yaml.safe_dump({"services": services})

    @property
    def all_but_simulator(self) -> list[str]:
        """The services that may be replaced while an order of the simulator is open."""
        return [name for name in self.services if name != "simulator"]

    @property
    def own_services(self) -> list[str]:
        """Those of our image."""
        images = {name: str(service["image"]) for name, service in self.services.items()}
        return [name for name, image in images.items() if image.startswith(IMAGE_PREFIX)]

    def compose(
        self,
        *arguments: str,
        build: str = FIRST_BUILD,
        stdin: bytes | None = None,
    ) -> bytes:
        """Run `docker compose` as the documentation says. Raises Differs if it fails."""
        files = ["--file", "docker-compose.yml", "--file", OVERRIDE, "--project-name", PROJECT]
        chosen = [f"--profile={profile}" for profile in PROFILES]
        environment = {
            "DOCKER_HOST": self.engine.host,
            "DOCKER_BUILDKIT": "0",
            "BUILD_ID": build,
            "TELEGENT_BASE_URL": "http://simulator:8099",
            "TELEGENT_PORT_POLL_FIXED_SECONDS": "2",
            # The simulator has no limit.
            "TELEGENT_REQUESTS_PER_MINUTE": "600",
            "TELEGENT_WEBHOOK_URL": "https://mvno.example.com/telegent/order-update",
        }
        return run(
            [self._program, *files, *chosen, *arguments],
            directory=self.directory,
            environment=environment,
            stdin=stdin,
        )

    def remove_all_but_simulator(self, build: str = FIRST_BUILD) -> None:
        """Stop and remove the containers of all services, except for the one without a volume."""
        self.compose("rm", "--stop", "--force", *self.all_but_simulator, build=build)

    def make_secrets(self) -> None:
        """Write the secrets, with the credentials of the simulator."""
        run(["sh", "deploy/make-secrets.sh"], directory=self.directory)

    def secret(self, name: str) -> str:
        """What deploy/make-secrets.sh wrote."""
        return (self.directory / "deploy/secrets" / name).read_text("utf-8").strip()

    def containers(self) -> list[Container]:
        """All containers of the project, also those that have ended."""
        label = f"label=com.docker.compose.project={PROJECT}"
        ids = self.engine.docker("ps", "--all", "--quiet", "--filter", label).split()
        if not ids:
            return []
        found = [Container(**one) for one in json.loads(self.engine.docker("inspect", *ids))]
        return sorted(found, key=lambda container: container.name)

    def container(self, name: str) -> Container:
        """One of them, such as `worker-2`. Raises Differs if it is not there."""
        for container in self.containers():
            if container.name == name:
                return container
        raise Differs(f"there is no container {name}")

    def wait_ready(self) -> None:
        """Wait until every container is healthy or has ended well. Raises Differs after a while."""
        self._wait(lambda: all(container.ready for container in self.containers()))

    def kill(self, name: str) -> float:
        """Kill the first process of a container. Returns the seconds until it is healthy again."""
        before, started = self.container(name), time.monotonic()
        os.kill(before.state.pid, signal.SIGKILL)

        def restarted() -> bool:
            now = self.container(name)
            return now.restart_count > before.restart_count and now.ready

        self._wait(restarted)
        return time.monotonic() - started

    def _wait(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + HEALTHY_TIMEOUT
        while not done():
            if time.monotonic() > deadline:
                raise Differs("\n".join(["not ready:", *self._unready()]))
            time.sleep(1)

    def _unready(self) -> list[str]:
        return [
            f"{container.name}: {container.state.status}, exit status {container.state.exit_code}"
            for container in self.containers()
            if not container.ready
        ]

    def running(self, service: str) -> list[Container]:
        """The running containers of a service."""
        everything = self.containers()
        return [c for c in everything if c.service == service and c.state.status == "running"]

    def require(self, names: list[str]) -> None:
        """Raise Differs unless these services have a container."""
        have = {container.service for container in self.containers()}
        expect(set(names) <= have, f"no container of {sorted(set(names) - have)}")
