"""What import-linter (run by `make lint`) does not check of the import contracts."""

from pathlib import Path

import workflows


def test_workflow_packages_have_empty_init_modules() -> None:
    """So that importing one module of a package loads no other."""
    folder = Path(workflows.__file__).parent

    assert [path for path in folder.glob("*/__init__.py") if path.stat().st_size] == []
