"""Who may import whom: the import contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import workflows


def test_import_contracts_are_kept() -> None:
    # In a process of its own: import-linter configures logging for the whole process.
    lint = [sys.executable, "-c", "import importlinter.cli as c; c.lint_imports_command()"]
    ran = subprocess.run([*lint, "--no-cache"], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout


def test_workflow_packages_have_empty_init_modules() -> None:
    """The sandbox imports the package of every module that it loads, for each open workflow."""
    folder = Path(workflows.__file__).parent

    assert [path for path in folder.glob("*/__init__.py") if path.stat().st_size] == []
