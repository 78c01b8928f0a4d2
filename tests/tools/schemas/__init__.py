"""The JSON Schemas, and the promise that callers of earlier releases can go on."""

import json
from pathlib import Path

from tools.schemas.documents import Document


def read(directory: Path) -> dict[str, Document]:
    return {path.name: json.loads(path.read_text("utf-8")) for path in directory.glob("*.json")}
