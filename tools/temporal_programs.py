"""`python -m tools.temporal_programs`: build Temporal's server, and print its folder.

The server and its SQL tool are built from the Go module of the version that docker-compose.yml
names. Needs Go; the first time takes up to half an hour.
"""

from pathlib import Path

import yaml

from tools.compose_trial.machine import CACHE, GoProgram

ROOT = Path(__file__).parents[1]
MODULE = "go.temporal.io/server"
PACKAGES = {"temporal-server": "cmd/server", "temporal-sql-tool": "cmd/tools/sql"}


def server_version() -> str:
    """The version of Temporal's server in docker-compose.yml."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return str(services["temporal"]["image"]).partition(":")[2]


def link_programs() -> Path:
    """A folder with the programs under their own names, which are built if they are missing."""
    version = f"v{server_version()}"
    folder = CACHE / "temporal" / version
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in PACKAGES.items():
        program = GoProgram(name, MODULE, version, package).build()
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return folder


if __name__ == "__main__":
    print(link_programs())
