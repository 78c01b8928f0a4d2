"""The objects of the Kubernetes manifests."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
OBJECTS: list[dict[str, Any]] = [
    document for path in FILES for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
RUN = [thing for thing in OBJECTS if thing["kind"] in ("Deployment", "Job")]
