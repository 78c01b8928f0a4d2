"""The set-up of environments, with interpreters and installers that only record what they do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "setup_venv.sh"
PROGRAMS = ("sh", "cat", "cksum", "cp", "echo", "mkdir", "rm", "sed")
PYTHON = """#!/bin/sh
case "$1 $2" in
  -c*) {probe} ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/pip" ;;
  "-m pip") echo "$*" >> pip.log; [ ! -e broken ] ;;
esac
"""
UV = """#!/bin/sh
echo "$*" >> uv.log
[ ! -e broken-uv ] || exit 2
[ "$1" != venv ] || { mkdir -p .venv/bin && cp "$5" .venv/bin/python; }
"""


class Checkout:
    """A folder with requirements, and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "path"
        self.path.mkdir()
        for program in PROGRAMS:
            found = shutil.which(program)
            assert found
            (self.path / program).symlink_to(found)
        (folder / "requirements.txt").write_text("one==1\n", "utf-8")
        (folder / "pyproject.toml").write_text("[project]\n", "utf-8")

    def has_python(self, name: str, version: str | None) -> Path:
        """Put an interpreter on PATH; without a version one that cannot be used."""
        probe = f'echo "{version} {self.path / name}"' if version else "exit 1"
        return self._has_program(name, PYTHON.format(probe=probe))

    def has_uv(self) -> None:
        self._has_program("uv", UV)

    def set_up(self, python: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(SCRIPT), ".venv", "requirements.txt", "."],
            cwd=self.folder,
            env={"PATH": str(self.path), "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )

    def installed(self, installer: str = "pip") -> int:
        log = self.folder / f"{installer}.log"
        return log.read_text("utf-8").count(" -r requirements.txt") if log.exists() else 0

    def _has_program(self, name: str, script: str) -> Path:
        program = self.path / name
        program.write_text(script, "utf-8")
        os.chmod(program, 0o755)
        return program


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_newest_usable_python_is_chosen(checkout: Checkout) -> None:
    checkout.has_python("python3.14", None)
    checkout.has_python("python3.12", "3.12.1")
    checkout.has_python("python3.11", "3.11.7")
    assert "Setting up .venv with Python 3.12.1" in checkout.set_up().stdout


def test_complete_environment_is_not_changed(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.set_up()
    checkout.has_python("python3.13", "3.13.0")
    again = checkout.set_up()
    assert (again.stdout, again.returncode, checkout.installed()) == ("", 0, 1)


def test_environment_of_another_python_version_is_recreated(
    checkout: Checkout,
) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.set_up()
    named = checkout.has_python("python3.13", "3.13.0")
    assert "Python 3.13.0" in checkout.set_up(python=str(named)).stdout


@pytest.mark.parametrize("python", ["", "python3.10", "/nonexistent/python"])
def test_missing_python_is_a_one_line_error_that_says_what_to_do(
    checkout: Checkout, python: str
) -> None:
    checkout.has_python("python3.10", None)
    done = checkout.set_up(python=python)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "3.11 or newer" in done.stderr
    assert not (checkout.folder / ".venv").exists()


def test_failed_installation_is_repeated(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    (checkout.folder / "broken").touch()
    assert checkout.set_up().returncode == 1
    assert not (checkout.folder / ".venv" / ".complete").exists()
    (checkout.folder / "broken").unlink()
    assert "Setting up" in checkout.set_up().stdout
    assert checkout.set_up().stdout == ""


def test_changed_requirements_recreate_the_environment(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.set_up()
    (checkout.folder / "requirements.txt").write_text("one==2\n", "utf-8")
    assert "Setting up" in checkout.set_up().stdout


def test_changed_metadata_install_only_the_project(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.set_up()
    (checkout.folder / "pyproject.toml").write_text("[project]\nname = 'a'\n", "utf-8")
    assert checkout.set_up().stdout == ""
    pip = (checkout.folder / "pip.log").read_text("utf-8")
    assert (checkout.installed(), pip.count("--no-build-isolation -e .")) == (1, 2)


def test_uv_is_used_when_it_is_on_path(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.has_uv()
    assert checkout.set_up().returncode == 0
    assert (checkout.installed("uv"), checkout.installed("pip")) == (1, 0)


def test_pip_is_used_when_uv_fails(checkout: Checkout) -> None:
    checkout.has_python("python3.12", "3.12.1")
    checkout.has_uv()
    (checkout.folder / "broken-uv").touch()
    done = checkout.set_up()
    assert done.returncode == 0
    assert "trying pip" in done.stderr
    assert checkout.installed("pip") == 1
