"""docker-compose.yml without an engine: our services as processes of this machine.

They run with the commands, the environment and the health checks of the file, on what the image
would hold. Of an engine's work only this is done: names of services become the loopback address,
each port of a container becomes a free one, and `/run/secrets` and `/deploy` become folders here.
"""

import asyncio
import json
import re
import shlex
import shutil
import sysconfig
from pathlib import Path
from typing import Any

import yaml

from devstack.child_process import ChildProcess
from devstack.tcp_ports import HOST, free_ports

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGE = "telegent-orchestrator:${BUILD_ID:-dev}"
OWN_SERVICES = [name for name, service in SERVICES.items() if service["image"] == IMAGE]
PATH = f"{sysconfig.get_path('scripts')}:/usr/local/bin:/usr/bin:/bin"


def dockerfile_instructions(name: str) -> list[str]:
    """The lines of the Dockerfile with this instruction, without the word itself."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return [line.split(" ", 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


class Containers:
    """What `docker compose up` would start, given what is `exported` in the shell that types it.

    `folder` gets the application as the image has it, and logs; `folder/secrets` must be there.
    """

    def __init__(self, folder: Path, exported: dict[str, str]) -> None:
        self._folder = folder
        self._exported = exported
        self._ports: dict[tuple[str, int], int] = {}
        self.application = folder / "app"
        for copied in dockerfile_instructions("COPY"):
            source, target = copied.split()
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, self.application / target)

    def port(self, container: str, port: int) -> int:
        """Where on this machine a container listens, such as 8090 of `worker-1`."""
        if (container, port) not in self._ports:
            (self._ports[container, port],) = free_ports(1)
        return self._ports[container, port]

    def set_port(self, container: str, port: int, container_port: int) -> None:
        """Something that is not started here listens there already."""
        self._ports[container, port] = container_port

    def environment(self, container: str) -> dict[str, str]:
        """What the image and the file give it."""
        of_image = dict(
            pair.split("=", 1) for line in dockerfile_instructions("ENV") for pair in line.split()
        )
        given: dict[str, str] = self._service(container).get("environment", {})
        return {
            name: str(self.port(container, int(value)))
            if name.endswith("_PORT")
            else self._localize(container, value)
            for name, value in (of_image | given).items()
        } | {"PATH": PATH}

    def command(self, container: str) -> list[str]:
        """Entry point and command; without an entry point in the file, that of the image."""
        service = self._service(container)
        (of_image,) = dockerfile_instructions("ENTRYPOINT")
        words = [*service.get("entrypoint", json.loads(of_image)), *service.get("command", [])]
        return [
            str(self.port(container, int(argument)))
            if argument.isdigit()
            else self._localize(container, argument)
            for argument in words
        ]

    def child(self, container: str) -> ChildProcess:
        """The process, which is ready as soon as its health check succeeds."""

        async def healthy() -> bool:
            return await self.health(container) == 0

        return ChildProcess(
            container,
            self.command(container),
            log=self._folder / f"{container}.log",
            ready=healthy,
            environment=self.environment(container),
            directory=self.application,
        )

    async def health(self, container: str) -> int:
        """The exit status of its health check, run once."""
        kind, *words = self._service(container)["healthcheck"]["test"]
        assert kind == "CMD"
        status, _ = await self._run(
            container, [self._localize(container, argument) for argument in words]
        )
        return status

    async def run_job(self, service: str) -> str:
        """Run a service that ends; gives what it printed."""
        status, out = await self._run(service, self.command(service))
        assert status == 0, out
        return out

    async def _run(self, container: str, command: list[str]) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment(container),
            cwd=self.application,
        )
        out, _ = await process.communicate()
        assert process.returncode is not None, shlex.join(command)
        return process.returncode, out.decode()

    def _service(self, container: str) -> dict[str, Any]:
        return SERVICES[re.sub(r"-\d$", "", container)]

    def _localize(self, container: str, text: str) -> str:
        """The text as it must be on this machine, with the shell's variables in it."""
        text = re.sub(
            r"\$\{(\w+)(?::-([^}]*))?\}",
            lambda found: self._exported.get(found[1]) or found[2] or "",
            text,
        )
        text = text.replace("/run/secrets", str(self._folder / "secrets"))
        text = re.sub(r"^/deploy/", f"{ROOT}/deploy/", text)
        names = "|".join(map(re.escape, (HOST, *SERVICES)))
        return re.sub(
            rf"\b({names}):(\d+)\b",
            lambda found: (
                f"{HOST}:{self.port(container if found[1] == HOST else found[1], int(found[2]))}"
            ),
            text,
        )
