"""What is read, filled in and rejected before anything is sent."""

import asyncio
import json
import os
import pty
import select
from pathlib import Path
from typing import Any

import pytest

from telegent_orchestrator import lines, onboarding, port_in
from telegent_orchestrator.cli.input import SECRET_FIELDS
from tests.harness.command_line import (
    CORRECTION,
    FAMILY,
    ROOT,
    CommandLine,
    start_process,
    wait_output,
)

HERE = CommandLine({})


def family(**changes: Any) -> str:
    return json.dumps(json.loads(Path(FAMILY).read_text()) | changes)


@pytest.mark.parametrize(("file", "what"), [(FAMILY, "onboarding"), (CORRECTION, "correction")])
async def test_examples_are_valid(file: str, what: str) -> None:
    said = await HERE.run("validate", file, "--as", what)
    assert (said.status, said.out) == (0, f"{file} is a valid {what}\n")


async def test_all_errors_are_reported_at_once_with_their_fields() -> None:
    faulty = family(
        reference="with spaces", packages=[], routes={"message": {"message_route_id": ""}}, extra=1
    )
    said = await HERE.run("validate", "-", given=faulty)
    assert said.status == 2
    places = [line.split(":")[0].strip() for line in said.err.splitlines()[1:]]
    assert {"reference", "packages", "routes.message.message_route_id", "extra"} <= set(places)
    assert "lines.0.package" in places  # it names a package that is gone
    assert said.err.startswith(f"standard input has {len(places)} errors")


async def test_errors_are_one_json_document() -> None:
    said = await HERE.run("validate", "-", "--json", given=family(reference="no good"))
    assert said.status == 2
    assert said.json["valid"] is False
    (fault,) = said.json["errors"]
    assert fault.startswith("reference: ")
    assert "no good" not in said.out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        (b'{"reference": "a",\n "b" 1}', "is not JSON: Expecting ':' delimiter in line 2"),
        (b"[]", "must hold a JSON object"),
        (b"\xff\xff", "it is not UTF-8 text; save it as UTF-8"),
        (b'{"a": 1, "account": {"name": "A", "name": "B"}}', "has the key 'name' twice"),
        (b'{"reference": ' + b"9" * 5_000 + b"}", "a number has too many digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is not a number in JSON"),
    ],
)
async def test_unusable_file_is_one_sentence(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "request.json"
    if content is not None:
        file.write_bytes(content)
    said = await HERE.run("start", str(file))
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert str(file) in sentence
    assert says in sentence
    as_json = await HERE.run("start", str(file), "--json")
    assert as_json.status == 2
    assert as_json.json["error"] == sentence
    assert as_json.err == ""


def test_every_secret_field_is_listed() -> None:
    hidden = {
        name
        for module in (onboarding, port_in, lines)
        for model in vars(module).values()
        if hasattr(model, "model_fields")
        for name, field in model.model_fields.items()
        if not field.repr
    }
    assert hidden == SECRET_FIELDS


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--set", "subscribers.0.password=tops3cret"),
        ("--secret", "subscribers.0.password=tops3cret"),
        ("--secret", "subscribers.0.password=env:"),
    ],
)
async def test_secret_as_argument_is_rejected(option: str, value: str) -> None:
    said = await HERE.run("validate", FAMILY, option, value)
    assert said.status == 2
    assert "others can see" in said.err
    assert "tops3cret" not in said.err + said.out


async def test_secrets_are_read_from_environment_file_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("short\n")
    # Each is too short, so that each is named if, and only if, it has been filled in.
    said = await HERE.run(
        *("validate", FAMILY),
        *("--secret", "subscribers.0.password=env:MINE"),
        *("--secret", f"subscribers.1.password=file:{tmp_path / 'pin'}"),
        *("--secret", "subscribers.2.password=-"),
        given="brief\n",
        MINE="small",
    )
    assert said.status == 2
    for at in range(3):
        assert f"subscribers.{at}.password: must have at least 8" in said.err
    assert not any(word in said.err for word in ("short", "brief", "small"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--secret", "subscribers.0.password=env:NOT_SET"], "env:NOT_SET is empty or not set"),
        (["--secret", "subscribers.0.password=file:/nowhere"], "cannot be read: No such file"),
        (["--secret", "subscribers.9.password=env:HOME"], "no field subscribers.9.password"),
        (["--set", "reference"], "--set must be FIELD=VALUE"),
        (["--set", "reference.more=1"], "no field reference.more"),
    ],
)
async def test_unusable_option_is_one_sentence(options: list[str], says: str) -> None:
    said = await HERE.run("validate", FAMILY, *options, HOME="somewhere-long")
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert says in sentence


async def test_standard_input_cannot_be_request_and_secret() -> None:
    said = await HERE.run("validate", "-", "--secret", "account.name=-", given=family())
    assert said.status == 2
    assert "standard input cannot be both" in said.err


async def test_set_options_change_the_request() -> None:
    said = await HERE.run(
        *("validate", CORRECTION, "--as", "correction", "--json"),
        *("--set", "billing_address.zip=84O43", "--set", "lock_removed=true"),
    )
    assert {fault.split(":")[0] for fault in said.json["errors"]} == {
        "billing_address.zip",
    }


async def test_prompt_for_a_secret_does_not_echo_it() -> None:
    screen, terminal = pty.openpty()
    words = ("validate", FAMILY, "--secret", "subscribers.0.password", "--json")
    running = await start_process(*words, env={}, stdin=terminal)
    assert running.stderr is not None
    prompt = await asyncio.wait_for(running.stderr.readuntil(b": "), 30)
    assert prompt == b"subscribers.0.password: "
    os.write(screen, b"whisper\n")
    said = await wait_output(running)
    echoed, _, _ = select.select([screen], [], [], 0)
    os.close(screen)
    os.close(terminal)
    assert said.status == 2
    (fault,) = said.json["errors"]
    assert fault.startswith("subscribers.0.password: must have at least 8")
    assert not echoed
    assert "whisper" not in said.out + said.err


async def test_secret_without_a_terminal_names_the_sources() -> None:
    words = ("validate", FAMILY, "--secret", "subscribers.0.password")
    said = await wait_output(await start_process(*words, env={}))
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert "no terminal to prompt at" in sentence
    assert "--secret subscribers.0.password=env:NAME" in sentence


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
async def test_files_of_windows_editors_are_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "request.json"
    file.write_text(family(), encoding=encoding)
    secret = tmp_path / "secret"
    secret.write_text("long-enough-1\r\n", encoding="utf-8-sig")
    said = await HERE.run(
        "validate", str(file), "--secret", f"subscribers.0.password=file:{secret}"
    )
    assert (said.status, said.out) == (0, f"{file} is a valid onboarding\n")

    piped = await HERE.run(
        "validate",
        "-",
        "--secret",
        f"subscribers.0.password=file:{secret}",
        given=file.read_bytes(),
    )
    assert (piped.status, piped.out) == (0, "- is a valid onboarding\n")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["losing_carrier=null"], "details.losing_carrier: is missing"),
        (["billing_address.zip=10001"], "details.billing_address.zip: is in another state"),
        (["billing_address.state=Yutah"], "details.billing_address.state: must be the name"),
        (["phone_number=+1801555019"], "details.phone_number: must be a number in +1"),
        (["old_service_stays_active=false"], "details.old_service_stays_active: must be true"),
    ],
)
async def test_checks_of_the_worker_run_at_validate(changes: list[str], says: str) -> None:
    path = str(ROOT / "examples" / "port-in.json")
    options = [part for change in changes for part in ("--set", f"details.{change}")]
    said = await HERE.run("validate", path, "--as", "port-in", *options)
    assert said.status == 2
    assert says in said.err
    as_json = await HERE.run("validate", path, "--as", "port-in", *options, "--json")
    assert any(text.startswith(says) for text in as_json.json["errors"])


async def test_checks_of_the_worker_run_for_lines_of_an_onboarding() -> None:
    said = await HERE.run("validate", FAMILY, "--set", "lines.2.number.billing_address.zip=10001")
    assert said.status == 2
    assert "lines.2.number.billing_address.zip: is in another state" in said.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("zip=10001", "lines.0.e911_address.zip: is in another state than the address"),
        ("state=NY", "lines.0.e911_address.zip: is in another state than the address"),
        ("state=ZZ", "lines.0.e911_address.state: must be the two letters of a US state"),
    ],
)
async def test_e911_address_that_cannot_exist_is_an_error(change: str, says: str) -> None:
    said = await HERE.run("validate", FAMILY, "--set", f"lines.0.e911_address.{change}")
    assert said.status == 2
    assert says in said.err


async def test_unknown_zip_code_of_an_e911_address_is_a_warning() -> None:
    said = await HERE.run("validate", FAMILY, "--set", "lines.0.e911_address.zip=99999")
    assert said.status == 0
    assert "warning: lines.0.e911_address.zip: is not in our list of ZIP codes" in said.err


async def test_request_that_temporal_cannot_store_names_its_largest_field() -> None:
    line = json.loads(Path(FAMILY).read_text())["lines"][0]
    numbers = [f"+1801555{at:04}" for at in range(500)]
    filters = {"mode": "ACTIVE", "allowed_contacts": numbers, "blocked_contacts": numbers}
    lines = [
        {**line, "key": f"line-{at}", "subscriber": "manager", "message_filter": filters}
        for at in range(150)
    ]
    said = await HERE.run("validate", "-", given=family(lines=lines))
    assert said.status == 2
    [sentence] = said.err.splitlines()
    assert "MB of JSON and Temporal accepts 1.9 MB: its largest part is `lines`" in sentence


async def test_version_is_printed() -> None:
    said = await HERE.run("--version")
    assert said.status == 0
    assert said.out.startswith("tgo ")


@pytest.mark.parametrize("kind", ["onboarding", "port-in"])
async def test_template_is_valid(kind: str) -> None:
    template = await HERE.run("template", kind)
    said = await HERE.run("validate", "-", "--as", kind, given=template.out)
    assert said.status == 0, said.err
