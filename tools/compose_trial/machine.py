"""What is needed on this machine: Debian's packages, Go programs, an engine of its own."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.compose_trial.transcript import Differs

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "telegent-compose-trial"
PACKAGES = (
    "chromium",
    "docker.io",
    "fonts-liberation",
    "fonts-noto-color-emoji",
    "iptables",
    "mmdebstrap",
)
DOCKER = "/usr/bin/docker"
ENGINE_TIMEOUT = 60.0


def run(
    command: Sequence[str | Path],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> bytes:
    """Run a program. Returns what it printed; raises Differs if it fails."""
    ran = subprocess.run(  # noqa: S603  the programs are named in this package
        [*map(str, command)],
        cwd=directory,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        tail = (ran.stdout + ran.stderr).decode(errors="replace").strip().splitlines()[-12:]
        shown = " ".join(map(str, command))
        raise Differs("\n".join([f"exit status {ran.returncode}: {shown}", *tail]))
    return ran.stdout


def install_packages() -> None:
    """Install what is missing of PACKAGES of Debian, as root."""
    listed = run(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"])
    installed = listed.decode().splitlines()
    missing = [name for name in PACKAGES if f"{name} installed" not in installed]
    if missing:
        run(["apt-get", "update"])
        run(
            ["apt-get", "install", "--yes", "--no-install-recommends", *missing],
            environment={"DEBIAN_FRONTEND": "noninteractive"},
        )


@dataclass(frozen=True)
class GoProgram:
    """A program that is built from a Go module.

    Attributes:
        name: What the program is called here.
        module: Path of the module.
        version: Its version.
        package: Path of the program's package in the module.
    """

    name: str
    module: str
    version: str
    package: str

    def build(self) -> Path:
        """The program, built at most once."""
        program = CACHE / "programs" / f"{self.name}-{self.version}"
        if not program.exists():
            # A module of its own, because `go install` refuses modules with directives.
            scratch = CACHE / "build" / self.name
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            program.parent.mkdir(exist_ok=True)
            (scratch / "go.mod").write_text("module built\n", encoding="utf-8")
            package = f"{self.module}/{self.package}"
            build = ["nice", "go", "build", "-trimpath", "-p", "1", "-o", str(program), package]
            for command in (["go", "get", f"{package}@{self.version}"], build):
                run(command, directory=scratch, environment={"CGO_ENABLED": "0"})
        return program

    def source(self) -> Path:
        """The folder of the module's source."""
        listed = run(
            ["go", "mod", "download", "-json", f"{self.module}@{self.version}"], directory=CACHE
        )
        return Path(str(json.loads(listed)["Dir"]))


class Engine:
    """Docker's engine with its own data, socket and networks. A context manager that stops it."""

    def __init__(self) -> None:
        self.host = f"unix://{CACHE}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command: list[str | Path] = ["/usr/sbin/dockerd", "--host", self.host]
        command += ["--data-root", CACHE / "docker", "--exec-root", CACHE / "engine"]
        # The networks are those of the file; builds use this machine's own.
        command += ["--pidfile", CACHE / "docker.pid", "--bridge", "none"]
        with (CACHE / "dockerd.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  its arguments are constants
                command, stdout=log, stderr=log
            )
        deadline = time.monotonic() + ENGINE_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.docker("version")
            except Differs:
                time.sleep(0.5)
            else:
                return self
        self.__exit__()
        raise Differs(f"the engine does not start: {CACHE}/dockerd.log")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def docker(self, *arguments: str | Path, directory: Path | None = None) -> str:
        """Run the engine's client. Returns what it printed; raises Differs if it fails."""
        environment = {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}
        printed = run([DOCKER, *arguments], directory=directory, environment=environment)
        return printed.decode(errors="replace")
