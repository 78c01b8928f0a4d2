"""How long files may be, how long the functions of the product, and how complex its two cores.

Lint limits the cyclomatic complexity of everything else (`max-complexity` in pyproject.toml).
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "telegent",
    "telegent_orchestrator",
    "workflows",
    "activities",
    "worker",
    "simulator",
    "devstack",
    "demo",
    "resilience",
    "bench",
    "tools",
)
MAX_FUNCTION_LINES = 50
MAX_FILE_LINES = 400
CORES = ("workflows/port_in", "workflows/support")
MAX_CORE_COMPLEXITY = 10


def sources(*packages: str) -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def long_functions() -> Iterator[str]:
    for name, source in sources(*PACKAGES):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                if node.end_lineno - node.lineno >= MAX_FUNCTION_LINES:
                    yield f"{name}:{node.name}"


def test_files_are_short() -> None:
    files = sources(*PACKAGES, "tests")
    too_long = [name for name, source in files if source.count("\n") > MAX_FILE_LINES]

    assert too_long == [], "split them by subject"


def test_functions_are_short() -> None:
    assert list(long_functions()) == [], "split them"


def test_cores_are_simple() -> None:
    limit = f"lint.mccabe.max-complexity = {MAX_CORE_COMPLEXITY}"
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "C901"]

    ran = subprocess.run(
        [*ruff, "--config", limit, *CORES], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout
