"""What the documents name exists: files, commands, settings, fields, messages."""

import ast
import importlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import BaseModel

from telegent_orchestrator import (
    events,
    line_change_sets,
    line_changes,
    lines,
    names,
    onboarding,
    port_in,
    port_out,
    progress,
)
from tests.harness.documents import README, anchors, json_blocks
from tools.docs.documents import DOCUMENTS, ROOT, between_markers, table_rows
from worker.http.webhook import (
    BODY_TIMEOUT,
    DEBOUNCE,
    MAX_BODY_BYTES,
    MAX_ORDERS,
    ORDER_UPDATE_PATH,
)
from worker.settings import WebhookSettings, markdown_table, unknown_variables

EVENTS = ROOT / "docs" / "reference" / "events.md"
WEBHOOK = ROOT / "docs" / "how-to" / "webhook.md"
SETTINGS = ROOT / "docs" / "reference" / "settings.md"
OPERATORS = ROOT / "docs" / "how-to" / "operators.md"
OTHER_SERVICES = ROOT / "docs" / "how-to" / "other-services.md"
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
MESSAGES: dict[str, type[BaseModel]] = {
    names.RESOLVE_UPDATE: progress.Resolution,
    names.CORRECT_MESSAGE: port_in.PortInCorrection,
    names.CANCEL_MESSAGE: port_in.PortInCancel,
    names.DECIDE_UPDATE: port_in.OperatorDecision,
    names.NOTE_UPDATE: port_in.PortInNote,
}
REFUSED_ON_PURPOSE = ('"rubbish"', '{"acount_number": "1"}', '{"by": "operator"}')


def test_settings_table_is_up_to_date() -> None:
    assert between_markers(SETTINGS, "settings") == markdown_table(), (
        "bring it up to date with: .venv/bin/python -m tools.docs.settings_table"
    )


@EVERY_DOCUMENT
def test_links_have_targets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = path.parent / file if file else path
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


@EVERY_DOCUMENT
def test_named_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    entries = sorted(entry.name for entry in ROOT.iterdir() if entry.is_dir())
    folders = "|".join(map(re.escape, entries))
    named = re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./-]*\w)", text.replace("\\.", "."))
    for file in named:
        if not file.startswith((".run/", ".venv/", "deploy/secrets")):
            assert (ROOT / file).exists(), file


@EVERY_DOCUMENT
def test_named_make_targets_and_settings_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL))
    for target in re.findall(r"\bmake ([a-z-]+)", code):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    variables = re.findall(r"\bTELEGENT_[A-Z_]+\b", text)
    assert unknown_variables(dict.fromkeys(variables, "")) == []


def test_site_and_index_list_all_pages() -> None:
    docs = ROOT / "docs"
    site, index = ((docs / name).read_text("utf-8") for name in (".nav.yml", "index.md"))
    for page in (path.relative_to(docs).as_posix() for path in docs.rglob("*.md")):
        assert page == "index.md" or page in index, f"docs/index.md does not list {page}"
        # The folder of the tutorial is listed as a whole.
        assert page in site or page.startswith("tutorial/"), f".nav.yml does not list {page}"


def test_documents_show_json() -> None:
    assert json_blocks(README)
    assert json_blocks(EVENTS)


@EVERY_DOCUMENT
def test_json_blocks_are_valid_for_their_models(path: Path) -> None:
    for kind, block in json_blocks(path):
        assert kind, f"name the model of: {block}"
        model(kind).model_validate_json(block)


def model(kind: str) -> type[BaseModel]:
    models: dict[str, type[BaseModel]] = {
        name: found
        for place in (onboarding, lines, line_change_sets, line_changes, port_in, port_out, events)
        for name, found in vars(place).items()
        if isinstance(found, type) and issubclass(found, BaseModel)
    }
    return models[kind]


def test_messages_on_command_lines_are_valid() -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS).replace("\\\n", " ")
    sent = re.findall(r"--name (\w+)\s+--input '([^']*)'", text)
    assert len(sent) >= 5
    for name, payload in sent:
        json.loads(payload)
        if payload not in REFUSED_ON_PURPOSE:
            MESSAGES[name].model_validate_json(payload)
    (start,) = re.findall(r"--type PortInWorkflow.*?--input '([^']*)'", text)
    port_in.PortInRequest.model_validate_json(start)


def test_message_table_lists_all_messages() -> None:
    text = between_headings(OTHER_SERVICES, "Messages")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == {
        *MESSAGES,
        names.STATUS_QUERY,
        names.POLL_NOW_SIGNAL,
    }


def between_headings(path: Path, title: str) -> str:
    text = path.read_text(encoding="utf-8") + "\n## "
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_list_filters_use_registered_search_attributes() -> None:
    theirs = {"WorkflowType", "ExecutionStatus", "StartTime", "WorkflowId"}
    used = {
        path: set(re.findall(r"\b([A-Z]\w+) (?:=|<|IN|IS|STARTS_WITH) ", path.read_text("utf-8")))
        for path in (README, OPERATORS)
    }
    assert used[README] - theirs <= {key.name for key in names.SEARCH_ATTRIBUTES}
    assert used[OPERATORS] - theirs == {key.name for key in names.SEARCH_ATTRIBUTES}


@EVERY_DOCUMENT
def test_python_examples_import_existing_names(path: Path) -> None:
    for example in re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
        tree = ast.parse(example, feature_version=(3, 11))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module or "")
                assert all(hasattr(module, name.name) for name in node.names)


def test_event_table_lists_all_types() -> None:
    documented = [row[0].strip("`") for row in table_rows(between_markers(EVENTS, "types"))]
    types = [kind.removeprefix("com.telegent-orchestrator.") for kind in events.EventType]
    assert sorted(documented) == sorted(types)


def test_event_page_names_all_fields() -> None:
    text = EVENTS.read_text(encoding="utf-8")
    assert [name for name in events.EventData.model_fields if f"`{name}`" not in text] == []


def test_webhook_page_states_the_actual_limits() -> None:
    text = WEBHOOK.read_text(encoding="utf-8")
    fields = WebhookSettings.model_fields
    address = f"http://{fields['webhook_host'].default}:{fields['webhook_port'].default}{ORDER_UPDATE_PATH}"
    assert f"`{address}`" in text
    assert f"more than {MAX_BODY_BYTES // 1024} KiB" in text
    assert f"At most {MAX_ORDERS} of one body" in text
    assert f"more than {BODY_TIMEOUT.seconds} seconds" in text
    assert f"after about {DEBOUNCE.seconds} seconds" in text


def test_shell_blocks_parse() -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    start = re.compile(r"(make|export|alias|curl|PORT_IN|\.venv|tgo )")
    commands = [block for language, block in blocks if not language and start.match(block)]
    assert len(commands) >= 12
    for block in commands:
        done = subprocess.run(
            ["bash", "-n"], input=block, text=True, capture_output=True, check=False, env=os.environ
        )
        assert done.returncode == 0, done.stderr
