"""Tests share helpers through tests/harness only, so that each test folder can change alone."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent


def imported_modules(source: str) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
    return modules


def is_allowed(module: str, package: str) -> bool:
    """Whether a test of this package may import this module, as far as it is one of the tests."""
    parent, _, name = module.rpartition(".")
    if not module.startswith("tests.") or module.startswith("tests.harness"):
        return True
    if name == "conftest" or name.startswith("test_"):
        return False
    return f"{package}.".startswith((f"{parent}.", f"{module}."))


def is_module(name: str) -> bool:
    path = TESTS.parent / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()


def test_tests_do_not_import_from_each_other() -> None:
    forbidden = []
    for path in TESTS.rglob("*.py"):
        package = ".".join(path.parent.relative_to(TESTS.parent).parts)
        forbidden += [
            f"{path.relative_to(TESTS.parent)} imports {module}"
            for module in sorted(imported_modules(path.read_text(encoding="utf-8")))
            if is_module(module) and not is_allowed(module, package)
        ]

    assert forbidden == [], "move what they share to tests/harness"


def test_harness_imports_no_test() -> None:
    for path in (TESTS / "harness").rglob("*.py"):
        for module in imported_modules(path.read_text(encoding="utf-8")):
            assert not module.startswith("tests.") or module.startswith("tests.harness"), path
