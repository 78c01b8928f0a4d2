"""What `pip install` adds to a user's environment."""

import importlib.metadata
import shutil
import subprocess
import sys
import sysconfig
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = "telegent_orchestrator"
NEEDS_AN_EXTRA = (
    f"{PACKAGE}.encryption",
    f"{PACKAGE}.cli",
    f"{PACKAGE}.port_in_validation",
    f"{PACKAGE}.poll_schedule",
    f"{PACKAGE}.us_calendar",
)
# Finds nothing that comes with none of the distributions that the wheel asks for.
IMPORT_ONLY = """
import importlib, importlib.metadata, sys

modules, wanted = sys.argv[1].split(), set(sys.argv[2].split())
theirs = importlib.metadata.packages_distributions()

class OnlyWanted:
    @staticmethod
    def find_spec(name, path=None, target=None):
        bringing = {found.lower().replace("_", "-") for found in theirs.get(name, [])}
        if bringing and not wanted & bringing:
            raise ModuleNotFoundError(f"{name} does not come with the wheel")

sys.meta_path.insert(0, OnlyWanted)
sys.path.insert(0, sys.argv[3])
for module in modules:
    importlib.import_module(module)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    # From a copy, because a build leaves folders behind in the sources.
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / PACKAGE, source / PACKAGE, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out)]
    # With the installed setuptools: a build of its own environment would download it.
    pip.append("--no-build-isolation")
    built = subprocess.run([*pip, str(source)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [path] = out.iterdir()
    return ZipFile(path)


def test_wheel_contains_only_the_package(wheel: ZipFile) -> None:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {
        str(path.relative_to(ROOT))
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == ours
    assert f"{PACKAGE}/py.typed" in held


def test_wheel_requires_only_temporalio_and_pydantic(wheel: ZipFile) -> None:
    always = [wanted for wanted in requirements(wheel) if wanted.marker is None]
    assert {wanted.name for wanted in always} == {"temporalio", "pydantic"}


def test_package_imports_only_its_requirements(wheel: ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in wheel.namelist()
        if name.endswith(".py")
    ]
    base = [name for name in modules if not name.startswith(NEEDS_AN_EXTRA)]
    assert len(base) > 10
    wanted = brought([wanted for wanted in requirements(wheel) if wanted.marker is None])
    wanted.add("telegent-orchestrator")
    python = [sys.executable, "-I", "-c", IMPORT_ONLY]
    done = subprocess.run(
        [*python, " ".join(base), " ".join(wanted), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_command_line_needs_its_extra(wheel: ZipFile, tmp_path: Path) -> None:
    extra = {
        wanted.name for wanted in requirements(wheel) if 'extra == "cli"' in str(wanted.marker)
    }
    assert extra == {"telegent-orchestrator", "typer", "rich"}
    venv = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path)]
    subprocess.run(venv, check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(tmp_path / "bin" / "python")]
    # Without what the wheel asks for: downloading it would take longer than all other tests here.
    install = [*pip, "install", "--quiet", "--no-deps", "--no-compile", str(wheel.filename)]
    subprocess.run(install, check=True)
    program, family = tmp_path / "bin" / "tgo", ROOT / "examples" / "family.json"
    validate = [str(program), "validate", str(family)]

    without = subprocess.run(validate, capture_output=True, text=True, check=False)
    environment = {"PYTHONPATH": sysconfig.get_path("purelib")}
    with_it = subprocess.run(validate, capture_output=True, text=True, check=False, env=environment)

    needed = (
        "tgo needs typer, rich, cryptography, holidays, phonenumbers, zipcodes: install this "
        "package with its extra [cli], for example from a checkout: pip install '.[cli]'\n"
    )
    assert (without.returncode, without.stderr) == (2, needed)
    assert with_it.returncode == 0, with_it.stderr


def requirements(wheel: ZipFile) -> list[Requirement]:
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    headers = Parser().parsestr(wheel.read(metadata).decode())
    return [Requirement(line) for line in headers.get_all("Requires-Dist", [])]


def brought(wanted: list[Requirement], extras: frozenset[str] = frozenset()) -> set[str]:
    """Names of the distributions that these requirements bring, with what those bring."""
    names: set[str] = set()
    for one in wanted:
        requested = [{"extra": extra} for extra in extras or {"none"}]
        if one.marker and not any(one.marker.evaluate(environment) for environment in requested):
            continue
        inner = [Requirement(line) for line in importlib.metadata.requires(one.name) or []]
        names |= {canonicalize_name(one.name)} | brought(inner, frozenset(one.extras))
    return names
