"""Every block of commands in the documents is typed by a test, or stands here with the reason."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.docs.documents import DOCUMENTS, ROOT

NOT_TYPED = {
    ("README.md", "make demo"): "tests/demo runs what it starts; .venv is set up by CI itself",
    ("README.md", "tgo start"): "tests/examples/test_quickstart.py types the same commands",
    ("add-a-line.md", "tgo status"): "tests/telegent_orchestrator/cli types it; the page needs no "
    "family",
    ("line-changes.md", "tgo line"): "tests/telegent_orchestrator/cli/test_document.py types the "
    "same commands, which stand in cli.md, too",
    ("reconcile.md", "tgo reconcile"): "tests/workflows/reconcile types the same",
    ("reconcile.md", "temporal schedule toggle"): "pauses what no test has: the worker's schedule",
    ("usage.md", "tgo usage"): "tests/telegent_orchestrator/cli/test_document.py types the same "
    "commands, which stand in cli.md, too",
    ("usage.md", "temporal schedule toggle"): "pauses what no test has: the worker's schedule",
    ("port-out.md", "tgo port-out"): "tests/telegent_orchestrator/cli/test_document.py types the "
    "same commands, which stand in cli.md, too",
    ("testing-your-integration.md", "make up"): "stays until Ctrl-C",
    ("testing-your-integration.md", ".venv/bin/python -m simulator\n"): "stays; tests/simulator",
    ("quickstart.md", "make demo-life"): "tests/demo/test_life.py runs what it starts",
    ("quickstart.md", "make up"): "stays until Ctrl-C; tests/examples starts the same processes",
    ("quickstart.md", "rm -r .run/up"): "stays until Ctrl-C; tests/examples begins with none",
    ("deployment.md", "docker compose --profile simulator down"): "needs Docker",
    ("deployment.md", "export TELEGENT_ACCOUNT_KEY="): "needs Docker and real credentials",
    ("deployment.md", "git pull"): "needs Docker, and changes the checkout",
    ("deployment.md", "kubectl apply"): "needs a cluster; tests/deploy checks the manifests",
    ("deployment.md", "kubectl --namespace telegent delete job"): "needs a cluster, too",
    ("deployment.md", "docker buildx"): "needs Docker and a registry of images",
    ("deployment.md", "docker save"): "needs Docker, syft and the built image",
    ("deployment.md", "docker compose --profile simulator up"): "`make compose-trial` runs it",
    ("deployment.md", ".venv/bin/python -m worker search"): "tests/worker/test_process.py does",
    ("deployment.md", "export TELEGENT_DEPLOYMENT_NAME="): "tests/worker/test_versioning.py does",
    ("deployment.md", "export TEMPORAL_ADDRESS=us"): "Temporal Cloud; tests/worker/test_cloud.py",
    ("deployment.md", "export TEMPORAL_ADDRESS=mv"): "Temporal Cloud; its twin with certificates",
    ("changing-workflows.md", "cd tests/replay/hist"): "a release does it, to the checkout itself",
    ("events.md", "export TELEGENT_EVENT_SECRET="): "only variables, with receivers that are not",
    (
        "observability.md",
        "export TELEGENT_METRICS_PORT=",
    ): "stays; tests/observability scrapes a worker",
    (
        "observability.md",
        "export OTEL_EXPORTER",
    ): "stays; tests/observability collects from a worker",
    ("monitoring.md", "make alerts"): "needs Prometheus, and takes half an hour",
    ("containers.md", "make compose-trial"): "installs an engine, and takes half an hour",
    ("security.md", "docker compose"): "needs Docker",
    ("runbook.md", "docker compose"): "needs Docker; `make compose-trial` runs the same commands",
    ("security.md", "make leak-scan"): "takes minutes; tests/resilience runs some of it",
    (
        "reliability-testing.md",
        "make ",
    ): "takes minutes to half an hour; tests/resilience runs some of each",
    (
        "reliability-testing.md",
        ".venv/bin/python -m bench.idle_port_ins",
    ): "tests/bench/test_idle_port_ins.py does, with fewer",
    (
        "capacity.md",
        ".venv/bin/python -m bench.unit_costs",
    ): "takes minutes; tests/bench/test_unit_costs.py tests the calculation",
    (
        "capacity.md",
        ".venv/bin/python -m bench.notice_delay",
    ): "takes minutes; tests/bench/test_notice_delay.py simulates some of it",
    (
        "reliability-testing.md",
        ".venv/bin/python -m bench.late_writes",
    ): "takes minutes; tests/telegent/test_sockets.py suspends a process once",
    ("postgresql.md", "make postgresql"): "needs Go, and takes half an hour",
    ("postgresql.md", "export PATH="): "needs Go; tests/devstack starts the same servers",
    ("postgresql.md", ".venv/bin/python -m "): "needs Temporal's server and PostgreSQL",
    ("webhook.md", "export TELEGENT_WEBHOOK_URL="): "only a variable",
}
"""Document, how the block begins, why no test types it."""

TYPED_AS_A_WHOLE = {
    "cli.md": "tests/telegent_orchestrator/cli/test_document.py",
    "bulk.md": "tests/telegent_orchestrator/cli/test_document.py",
}
"""Of these each block that begins with `tgo` is found by its test."""

BEGIN = (
    *(".venv/", "alias", "bash", "buildah", "cd ", "curl", "docker", "export", "for ", "git "),
    *("helm", "kubectl", "make ", "node", "npm", "pip", "python", "sh ", "tgo ", "temporal"),
    *("(cd", "until", "while", "openssl", "rm ", "uvicorn"),
)
ASSIGNS = re.compile(r"[A-Z][A-Z_]*=")


@dataclass(frozen=True)
class Block:
    """Commands of a document, the name that the comment above gives them, and their section."""

    document: str
    section: str
    name: str
    commands: str

    @property
    def reasons(self) -> list[str]:
        """Why no test types it."""
        return [
            reason
            for (document, begin), reason in NOT_TYPED.items()
            if document == self.document and self.commands.startswith(begin)
        ]

    @property
    def typed(self) -> bool:
        """Whether a test that names the document names these commands or their section."""
        if (whole := TYPED_AS_A_WHOLE.get(self.document)) and self.commands.startswith(
            ("tgo", "alias tgo")
        ):
            return self.document in (ROOT / whole).read_text("utf-8")
        named = self.name or self.section
        return bool(named) and any(
            f'"{self.document}"' in text and f'"{named}"' in text for text in TESTS.values()
        )


def blocks(path: Path) -> list[Block]:
    section, found = "", []
    text = path.read_text("utf-8")
    parts = r"^##+ ([^\n]+)$|(?:<!-- run: ([^>]+?) -->\n)?^ *```(\w*)\n(.*?)^ *```"
    for match in re.finditer(parts, text, re.MULTILINE | re.DOTALL):
        if match[1]:
            section = match[1]
        elif match[3] == "" and (first := match[4].lstrip()).startswith(BEGIN):
            found.append(Block(path.name, section, match[2] or "", first))
        elif match[3] == "" and ASSIGNS.match(match[4].lstrip()):
            found.append(Block(path.name, section, match[2] or "", match[4].lstrip()))
    return found


TESTS = {
    path: path.read_text("utf-8")
    for path in (ROOT / "tests").rglob("test_*.py")
    if path != Path(__file__)
}
BLOCKS = [block for path in DOCUMENTS for block in blocks(path)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: f"{b.document}: {b.commands[:40]}")
def test_documented_command_is_tested_or_has_a_reason(block: Block) -> None:
    assert block.typed or block.reasons, block
    assert not (block.typed and block.reasons), "it is typed: take it from the list"


def test_reasons_without_a_command_are_removed() -> None:
    used = {reason for block in BLOCKS for reason in block.reasons}
    assert set(NOT_TYPED.values()) == used
    assert len(BLOCKS) > 40
