"""Who may import whom: the house plan's arrows, kept in pyproject.toml."""

from importlinter.cli import lint_imports


def test_the_arrows_between_the_rooms_hold() -> None:
    assert lint_imports(cache_dir=None) == 0
