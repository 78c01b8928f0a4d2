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

from telegent_orchestrator import lines, names, onboarding, port_in, progress
from tests.docs import DOCUMENTS, ROOT, between_markers
from worker.settings import markdown_table, unknown_variables

README = ROOT / "README.md"
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
MESSAGES: dict[str, type[BaseModel]] = {
    names.RESOLVE_UPDATE: progress.Resolution,
    names.CORRECT_UPDATE: port_in.PortInCorrection,
    names.CORRECT_SIGNAL: port_in.PortInCorrection,
    names.CANCEL_UPDATE: port_in.PortInCancel,
    names.CANCEL_SIGNAL: port_in.PortInCancel,
    names.ATTACH_ORDER_UPDATE: port_in.AttachOrder,
}
REFUSED_ON_PURPOSE = ('"rubbish"', '{"acount_number": "1"}', '{"by": "desk"}')


def test_the_settings_are_those_that_the_command_prints() -> None:
    assert between_markers(README, "settings") == markdown_table(), (
        "bring it up to date with: .venv/bin/python -m tests.docs.settings_table"
    )


@EVERY_DOCUMENT
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = path.parent / file if file else path
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@EVERY_DOCUMENT
def test_every_file_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    folders = "|".join(sorted(entry.name for entry in ROOT.iterdir() if entry.is_dir()))
    named = re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./-]*\w)", text.replace("\\.", "."))
    for file in named:
        if not file.startswith((".run/", ".venv/", "deploy/secrets")):
            assert (ROOT / file).exists(), file


@EVERY_DOCUMENT
def test_every_make_target_and_setting_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL))
    for target in re.findall(r"\bmake ([a-z]+)", code):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    variables = re.findall(r"\bTELEGENT_[A-Z_]+\b", text)
    assert unknown_variables(dict.fromkeys(variables, "")) == []


def test_every_json_block_is_what_it_says() -> None:
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"(?:<!-- model: (\w+) -->\n)?```json\n(.*?)```", text, re.DOTALL)
    assert blocks
    for kind, block in blocks:
        assert kind, f"name the model of: {block}"
        model(kind).model_validate_json(block)


def model(kind: str) -> type[BaseModel]:
    models: dict[str, type[BaseModel]] = {
        name: found
        for place in (onboarding, lines, port_in)
        for name, found in vars(place).items()
        if isinstance(found, type) and issubclass(found, BaseModel)
    }
    return models[kind]


def test_every_message_on_a_command_line_is_one() -> None:
    text = README.read_text(encoding="utf-8").replace("\\\n", " ")
    sent = re.findall(r"--name (\w+)\s+--input '([^']*)'", text)
    assert len(sent) >= 5
    for name, payload in sent:
        json.loads(payload)
        if payload not in REFUSED_ON_PURPOSE:
            MESSAGES[name].model_validate_json(payload)
    (start,) = re.findall(r"--type PortInWorkflow.*?--input '([^']*)'", text)
    port_in.PortInRequest.model_validate_json(start)


def test_every_message_has_a_row() -> None:
    text = between_headings("Messages")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == {
        *MESSAGES,
        names.STATUS_QUERY,
        names.ORDER_EVENT_SIGNAL,
    }


def between_headings(title: str) -> str:
    text = README.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_list_filters_use_our_search_attributes() -> None:
    theirs = {"WorkflowType", "ExecutionStatus", "StartTime", "WorkflowId"}
    used = set(re.findall(r"\b([A-Z]\w+) (?:=|<|IN|STARTS_WITH) ", README.read_text("utf-8")))
    assert used - theirs == set(names.SEARCH_ATTRIBUTES)


def test_the_python_example_imports_what_is_there() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    for node in ast.walk(ast.parse(example)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, name.name) for name in node.names)


def test_every_shell_block_can_be_parsed() -> None:
    blocks = re.findall(r"^```\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    commands = [block for block in blocks if re.match(r"(make|export|curl|PORT_IN|\.venv)", block)]
    assert len(commands) >= 7
    for block in commands:
        done = subprocess.run(
            ["bash", "-n"], input=block, text=True, capture_output=True, check=False, env=os.environ
        )
        assert done.returncode == 0, done.stderr
