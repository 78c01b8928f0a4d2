"""The recorded histories: those of each release, which never change, and the latest.

`histories/*.json` are not released yet and may be recorded again. `histories/1.0.0/*.json` belong
to a release: workflows with such histories may be open somewhere, so they are never changed.
Next to each set, `commands.txt` lists the commands of every workflow when its history is
replayed; in a released set, `SHA256SUMS` pins all files.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "histories"
COMMANDS = "commands.txt"
SUMS = "SHA256SUMS"


def released() -> list[Path]:
    """The folders of the releases."""
    return sorted(path for path in FOLDER.iterdir() if path.is_dir())


def history_sets() -> list[Path]:
    """All folders with histories: the releases', then the one of the latest."""
    return [*released(), FOLDER]


def unreleased() -> list[Path]:
    """The histories that are not part of a release yet."""
    return sorted(FOLDER.glob("*.json"))


def recorded() -> list[Path]:
    """Every history there is."""
    return [path for folder in history_sets() for path in sorted(folder.glob("*.json"))]


def label(path: Path) -> str:
    """A short name, such as `1.0.0/family-PortInWorkflow-3`."""
    return str(path.relative_to(FOLDER).with_suffix(""))
