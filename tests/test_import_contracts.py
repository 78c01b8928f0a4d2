"""Who may import whom: the harness plan's arrows, kept in pyproject.toml."""

import subprocess
import sys


def test_the_arrows_between_the_rooms_hold() -> None:
    # In a process of its own: import-linter configures logging for all who share it.
    lint = [sys.executable, "-c", "import importlinter.cli as c; c.lint_imports_command()"]
    ran = subprocess.run([*lint, "--no-cache"], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout
