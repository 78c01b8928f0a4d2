"""Local images with the names that docker-compose.yml and the Dockerfile pull."""

import shutil
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.compose_trial.machine import CACHE, Engine, GoProgram, run
from tools.compose_trial.transcript import expect

ROOT = Path(__file__).parents[2]
DOCKERFILES = Path(__file__).parent / "images"
# Of Debian 12, and of the release of Debian that has the Python of the Dockerfile.
BASE_PACKAGES = (
    *("bash", "busybox", "ca-certificates", "python3", "tzdata"),
    *("postgresql-15", "prometheus"),
)
PYTHON_PACKAGES = ("ca-certificates", "python3", "python3-pip", "tzdata")
BASES = {
    "trial-base": ("bookworm", BASE_PACKAGES),
    "trial-python": ("forky", PYTHON_PACKAGES),
}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
COMPOSE = GoProgram("docker-compose", "github.com/docker/compose/v2", "v2.40.3", "cmd")


@dataclass(frozen=True)
class StandIn:
    """An image that cannot be pulled here.

    Attributes:
        image: Its name.
        folder: What the local one is built from, in images/.
        contents: What the local one has in its place, for the transcript.
    """

    image: str
    folder: str
    contents: str


def find_compose() -> Path:
    """Compose, built from its Go module."""
    return COMPOSE.build()


def stand_ins() -> list[StandIn]:
    """One for each image that is named in docker-compose.yml, and the base of the Dockerfile."""
    temporal = "built from the Go module of the same version"
    contents = {
        "postgresql": ("postgres", "Debian's PostgreSQL 15"),
        "temporal": ("temporal-server", f"the server, {temporal}, with its own entry point"),
        "schema": (
            "temporal-admin-tools",
            f"temporal-sql-tool and schemas, {temporal}; the CLI of requirements/dev.txt",
        ),
        "temporal-ui": ("temporal-ui", f"the UI's server, {temporal}, with its own entry point"),
        "prometheus": ("prometheus", "Debian's Prometheus 2.42"),
        "grafana": (
            "grafana",
            "no Grafana: a server that checks the provisioned files and answers the health check",
        ),
    }
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return [
        StandIn(base_image(), "python", "Debian 14 with its Python 3.14"),
        *(StandIn(str(services[name]["image"]), *what) for name, what in contents.items()),
    ]


def base_image() -> str:
    """The tag of the Dockerfile's base image, without the digest, which only a registry has."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (pinned,) = (line for line in lines if line.startswith("ARG PYTHON_IMAGE="))
    return pinned.partition("=")[2].partition("@")[0]


def build_images(engine: Engine) -> None:
    """Build all of them."""
    for name, (release, packages) in BASES.items():
        _build_base(engine, name, release, packages)
    contexts = _gather()
    for stand_in in stand_ins():
        context = contexts / stand_in.folder
        engine.docker("build", "-t", stand_in.image, ".", directory=context)


def _build_base(engine: Engine, name: str, release: str, packages: Sequence[str]) -> None:
    archive = CACHE / f"{name}.tar"
    if not archive.exists():
        partial = CACHE / "partial.tar"
        options = ["--mode=root", "--variant=minbase", f"--include={','.join(packages)}"]
        # A mirror may be behind.
        options.append("--aptopt=Acquire::Check-Valid-Until false")
        source = f"deb {_debian_mirror()} {release} main"
        run(["nice", "mmdebstrap", *options, release, partial, source])
        partial.rename(archive)
    if not engine.docker("images", "--quiet", name).strip():
        engine.docker("import", archive, name)


def _debian_mirror() -> str:
    """The mirror from which this machine, a Debian 12, installs its packages."""
    of_debian_12 = ("Created-By: Packages", "Codename: bookworm")
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *of_debian_12])
    mirrors = listed.decode().split()
    expect(bool(mirrors), "apt has no index of the release bookworm: run `apt-get update`")
    return mirrors[0]


def _gather() -> Path:
    """Copy what each image is made of to a folder of its own, and return the folder of all."""
    contexts = CACHE / "contexts"
    shutil.rmtree(contexts, ignore_errors=True)
    shutil.copytree(DOCKERFILES, contexts)
    shutil.copy(CERTIFICATES, contexts / "python")
    versions = {stand_in.folder: f"v{stand_in.image.partition(':')[2]}" for stand_in in stand_ins()}
    version = versions["temporal-server"]
    server = GoProgram("temporal-server", "go.temporal.io/server", version, "cmd/server")
    tool = GoProgram("temporal-sql-tool", "go.temporal.io/server", version, "cmd/tools/sql")
    ui_module = "github.com/temporalio/ui-server/v2"
    ui = GoProgram("ui-server", ui_module, versions["temporal-ui"], "cmd/server")
    cli = Path(sysconfig.get_path("scripts")) / "temporal"
    folders = [contexts / f"temporal-{name}" for name in ("server", "admin-tools", "ui")]
    for source, target in (
        (server.build(), folders[0] / server.name),
        (server.source() / "docker/scripts/sh/entrypoint.sh", folders[0] / "entrypoint.sh"),
        (tool.build(), folders[1] / tool.name),
        (cli, folders[1] / cli.name),
        (ui.build(), folders[2] / ui.name),
        (ui.source() / "docker/start-ui-server.sh", folders[2] / "start-ui-server.sh"),
        (ui.source() / "config/docker.yaml", folders[2] / "docker.yaml"),
    ):
        shutil.copyfile(source, target)
        # Files of a Go module are neither executable nor writable.
        target.chmod(0o755)
    shutil.copytree(server.source() / "schema", folders[1] / "schema")
    return contexts
