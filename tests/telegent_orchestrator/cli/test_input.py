"""What is read, filled in and refused before anything is sent."""

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
from tests.harness.command_line import CORRECTION, FAMILY, CommandLine, start_process, wait_output

HERE = CommandLine({})


def family(**changes: Any) -> str:
    return json.dumps(json.loads(Path(FAMILY).read_text()) | changes)


@pytest.mark.parametrize(("file", "what"), [(FAMILY, "onboarding"), (CORRECTION, "correction")])
async def test_the_examples_are_valid(file: str, what: str) -> None:
    said = await HERE.run("validate", file, "--as", what)
    assert (said.status, said.out) == (0, f"{file} is a valid {what}\n")


async def test_all_faults_are_named_at_once_with_their_places() -> None:
    faulty = family(
        reference="with spaces", packages=[], routes={"message": {"message_route_id": ""}}, extra=1
    )
    said = await HERE.run("validate", "-", given=faulty)
    assert said.status == 2
    places = [line.split(":")[0].strip() for line in said.err.splitlines()[1:]]
    assert {"reference", "packages", "routes.message.message_route_id", "extra"} <= set(places)
    assert "lines.0.package" in places  # it names a package that is gone
    assert said.err.startswith(f"standard input has {len(places)} errors")


async def test_faults_as_one_document() -> None:
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
        (b"\xff\xfe", "it is not UTF-8 text"),
    ],
)
async def test_a_file_that_is_no_request_is_one_sentence(
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


def test_every_secret_of_a_request_is_known_as_one() -> None:
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
async def test_secrets_are_no_arguments(option: str, value: str) -> None:
    said = await HERE.run("validate", FAMILY, option, value)
    assert said.status == 2
    assert "others can see" in said.err
    assert "tops3cret" not in said.err + said.out


async def test_secrets_come_from_environment_files_and_standard_input(tmp_path: Path) -> None:
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
        assert f"subscribers.{at}.password: String should have at least 8" in said.err
    assert not any(word in said.err for word in ("short", "brief", "small"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--secret", "subscribers.0.password=env:NOT_SET"], "there is nothing in env:NOT_SET"),
        (["--secret", "subscribers.0.password=file:/nowhere"], "cannot be read: No such file"),
        (["--secret", "subscribers.9.password=env:HOME"], "no place subscribers.9.password"),
        (["--set", "reference"], "--set must be FIELD=VALUE"),
        (["--set", "reference.more=1"], "no place reference.more"),
    ],
)
async def test_options_that_cannot_be_used_are_one_sentence(options: list[str], says: str) -> None:
    said = await HERE.run("validate", FAMILY, *options, HOME="somewhere-long")
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert says in sentence


async def test_standard_input_is_the_request_or_a_secret() -> None:
    said = await HERE.run("validate", "-", "--secret", "account.name=-", given=family())
    assert said.status == 2
    assert "standard input cannot be both" in said.err


async def test_values_are_put_into_the_request() -> None:
    said = await HERE.run(
        *("validate", CORRECTION, "--as", "correction", "--json"),
        *("--set", "billing_address.zip=84O43", "--set", "lock_removed=true"),
    )
    assert {fault.split(":")[0] for fault in said.json["errors"]} == {
        "billing_address.street1",
        "billing_address.city",
        "billing_address.state",
        "billing_address.zip",
    }


async def test_a_secret_is_asked_for_and_not_shown() -> None:
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
    assert fault.startswith("subscribers.0.password: String should have at least 8")
    assert not echoed
    assert "whisper" not in said.out + said.err


async def test_without_a_terminal_it_says_how_to_give_a_secret() -> None:
    words = ("validate", FAMILY, "--secret", "subscribers.0.password")
    said = await wait_output(await start_process(*words, env={}))
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert "no terminal to ask at" in sentence
    assert "--secret subscribers.0.password=env:NAME" in sentence
