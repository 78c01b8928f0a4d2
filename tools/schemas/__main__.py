"""Write the documents of the current models: `python -m tools.schemas`."""

import json
import tomllib
from pathlib import Path

from tools.schemas.documents import documents

ROOT = Path(__file__).parents[2]
CURRENT = ROOT / "schemas" / "json"


def current_version() -> str:
    """The version in pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def render_documents() -> dict[str, str]:
    """What each file in `schemas/json/` must hold."""
    major = int(current_version().partition(".")[0])
    return {
        name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents(major).items()
    }


def write() -> None:
    """Write every document, and delete those of models that do not exist."""
    wanted = render_documents()
    CURRENT.mkdir(exist_ok=True)
    for there in CURRENT.iterdir():
        if there.name not in wanted:
            there.unlink()
    for name, text in wanted.items():
        (CURRENT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
