"""The committed JSON Schemas, ready to validate with."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from tools.schemas.__main__ import CURRENT
from tools.schemas.documents import CONTRACT, Document


def read(directory: Path) -> dict[str, Document]:
    return {path.name: json.loads(path.read_text("utf-8")) for path in directory.glob("*.json")}


SCHEMAS = {
    name: Draft202012Validator(document)
    for name, document in read(CURRENT).items()
    if name != CONTRACT
}
