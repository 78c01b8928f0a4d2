"""What `tgo` says when Temporal, a worker or the right keys are not there, and at Ctrl-C."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput

from simulator import CarrierRecord, Simulator, SimulatorOptions
from telegent_orchestrator._connection_errors import unknown_variable_warnings
from telegent_orchestrator.cli import watching
from telegent_orchestrator.cli.connection import program_name
from telegent_orchestrator.cli.output import Output
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)
from tests.harness import SETTINGS, Harness, running_harness
from tests.harness.command_line import (
    FAMILY,
    ROOT,
    CommandLine,
    command_line,
    printed_command,
    start_process,
    wait_output,
)
from tests.harness.payloads import port_in, single
from tests.harness.port_ins import until
from tests.harness.processes import free_port
from tests.harness.waiting import TEST_TIMEOUT

NUMBER = "+18015550142"
Seen = TypeVar("Seen")


def key_ring(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


KEYS = key_ring("mine")


@pytest_asyncio.fixture(loop_scope="session")
async def sealed(temporal: Client, options: SimulatorOptions) -> AsyncIterator[Harness]:
    """A harness whose payloads are encrypted."""
    client = await Client.connect(
        temporal.service_client.config.target_host,
        data_converter=data_converter(parse_key_ring(KEYS)),
    )
    async with running_harness(client, options) as harness:
        yield harness


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    file = tmp_path / "port-in.json"
    file.write_text(json.dumps({"details": port_in(NUMBER)}))
    return str(file)


async def test_unreachable_server_is_a_one_line_error() -> None:
    address = f"127.0.0.1:{free_port()}"
    said = await wait_output(await start_process("--address", address, "list", env={}))
    assert said.status == 4
    (sentence,) = said.err.splitlines()
    assert sentence.startswith(f"cannot reach Temporal at {address}: Connection refused; ")
    assert said.out == ""


async def test_missing_namespace_is_a_one_line_error(cli: CommandLine, request_file: str) -> None:
    for words in (("list",), ("status", "any"), ("port-in", "start", request_file)):
        said = await cli.run("--namespace", "absent", *words)
        assert said.status == 4
        assert "has no namespace 'absent'" in said.err.splitlines()[-1]


async def test_options_override_variables_and_stay_in_printed_commands(
    cli: CommandLine, harness: Harness, tmp_path: Path
) -> None:
    (tmp_path / "id key").write_text(f"{harness.settings.id_key}\n")
    elsewhere = CommandLine({"TEMPORAL_ADDRESS": "127.0.0.1:1", "TELEGENT_ID_KEY": "wrong"})
    options = ["--address", cli.variables["TEMPORAL_ADDRESS"]]
    options += ["--id-key-file", str(tmp_path / "id key")]
    said = await elsewhere.run(*options, "port-in", "status", NUMBER)
    assert said.status == 2
    again = printed_command(said, "list")
    assert again.startswith(f"tgo --address {cli.variables['TEMPORAL_ADDRESS']} --id-key-file '")
    assert (await elsewhere.run_line(again)).status == 0


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TELEGENT_PAYLOAD_KEYS": "rubbish"}, "TELEGENT_PAYLOAD_KEYS: entry 1 must be id:base64"),
        ({"TELEGENT_PAYLOAD_KEYS_FILE": "/nowhere"}, "/nowhere, cannot be read: No such file"),
        (
            {"TELEGENT_ID_KEY": "a", "TELEGENT_ID_KEY_FILE": "b"},
            "TELEGENT_ID_KEY and TELEGENT_ID_KEY_FILE are both set",
        ),
        ({"TEMPORAL_API_KEY_FILE": "/nowhere"}, "/nowhere, cannot be read: No such file"),
        (
            {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere"},
            "TEMPORAL_TLS_CLIENT_CERT_PATH names /nowhere, which cannot be read: No such file",
        ),
        ({"TEMPORAL_PROFILE": "absent"}, "TEMPORAL_* settings are invalid"),
    ],
)
async def test_unusable_settings_are_a_one_line_error(
    cli: CommandLine, variables: dict[str, str], says: str
) -> None:
    here = CommandLine({"TEMPORAL_ADDRESS": cli.variables["TEMPORAL_ADDRESS"]})
    said = await here.run("list", **variables)
    assert said.status == 2
    (sentence,) = said.err.splitlines()
    assert says in sentence


async def test_encrypted_workflows_are_readable_with_the_keys(
    sealed: Harness, request_file: str
) -> None:
    cli = command_line(sealed, TELEGENT_PAYLOAD_KEYS=KEYS)
    said = await cli.run("port-in", "start", request_file, "--watch")
    assert said.status == 0
    assert "stores what this command sends unencrypted" not in said.err


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("", "payload is encrypted with key 'mine'; give the worker's keys"),
        (key_ring("other"), "'mine', which is not among the configured keys (other)"),
        (key_ring("mine"), "encrypted with another key of the name 'mine'"),
    ],
    ids=["no keys", "other keys", "another key of that name"],
)
async def test_wrong_keys_send_nothing(
    sealed: Harness, request_file: str, keys: str, says: str
) -> None:
    sealed.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    right = command_line(sealed, TELEGENT_PAYLOAD_KEYS=KEYS)
    wrong = command_line(sealed, TELEGENT_PAYLOAD_KEYS=keys)
    assert (await right.run("port-in", "start", request_file, "--watch")).status == 3
    watching = await wrong.run("port-in", "status", NUMBER, "--watch")
    update = ("port-in", "correct", NUMBER, "--secret", "account_pin=env:PIN")
    sending = await wrong.run(*update, PIN="771204")
    for said in (watching, sending):
        assert said.status == 4
        sentence, *next_steps = said.err.splitlines()
        assert says in sentence
        assert "--payload-keys-file" in sentence
        assert next_steps[-1] == "  tgo doctor"
    # The correction has not been sent, neither readable nor not.
    status = await right.run("port-in", "status", NUMBER, "--json")
    assert "corrected" not in status.out


async def test_missing_worker_is_reported(
    cli: CommandLine, temporal: Client, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "REPLY_TIMEOUT", 0.5)
    namespace = harness.temporal.namespace
    handle = await temporal.start_workflow(
        "OnboardingWorkflow", single(), id="onboarding-idle", task_queue="nobody-works-here"
    )
    for words in (
        ("status", "idle"),
        ("resolve", "idle", "Account", "retry", "--reason", "because"),
    ):
        said = await cli.run(*words)
        assert said.status == 4
        assert f"no worker responded in namespace '{namespace}' at " in said.err
    assert "may still be accepted" in said.err
    await handle.terminate()


async def test_watch_waits_for_an_unavailable_worker(
    temporal: Client, options: SimulatorOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "REPLY_TIMEOUT", 0.5)
    noted, note = threading.Event(), Output.notice

    def noting(self: Output, sentence: str) -> None:
        note(self, sentence)
        if "still trying" in sentence:
            noted.set()

    monkeypatch.setattr(Output, "notice", noting)
    simulator = Simulator(options)
    async with simulator.serve() as url:
        orchestrator = Orchestrator(temporal, id_key="away")
        settings = replace(SETTINGS, id_key="away")
        harness = Harness(temporal, simulator, orchestrator, settings, url)
        await orchestrator.start_onboarding(single("away"))
        watch = asyncio.create_task(command_line(harness).run("status", "away", "--watch"))
        assert await asyncio.to_thread(noted.wait, TEST_TIMEOUT)
        assert not watch.done()
        async with harness.running_workers():
            said = await watch
    assert said.status == 0
    assert "still trying" in said.err


async def test_client_watch_survives_a_worker_restart(
    temporal: Client, options: SimulatorOptions
) -> None:
    simulator = Simulator(options)
    simulator.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    async with simulator.serve() as url:
        orchestrator = Orchestrator(
            Client(**{**temporal.config(), "interceptors": [Impatient()]}),  # type: ignore[arg-type]
            id_key="restarted",
        )
        settings = replace(SETTINGS, id_key="restarted")
        harness = Harness(temporal, simulator, orchestrator, settings, url)
        details = PortInDetails.model_validate(port_in(NUMBER))
        port = await orchestrator.start_port_in(PortInRequest(details=details))
        onboarding = await orchestrator.start_onboarding(single("restarted"))
        away: list[Exception] = []
        often = timedelta(seconds=0.1)
        whole = asyncio.create_task(followed(onboarding.watch(often, on_unavailable=away.append)))
        alone = asyncio.create_task(followed(port.watch(often, on_unavailable=away.append)))
        async with asyncio.timeout(60):
            while len(away) < 2:
                await asyncio.sleep(0.1)
        assert not whole.done()
        assert not alone.done()
        async with harness.running_workers():
            progress = await whole
            await until(port, PortState.ACTION_REQUIRED)
        # In between there are no workers, and the watch of the port-in continues.
        async with harness.running_workers():
            await port.correct(PortInCorrection(account_pin="771204", by="operator"))
            states = [status.state for status in await alone]
    assert progress[-1].onboarding.result is not None
    assert progress[-1].onboarding.result.complete
    assert PortState.ACTION_REQUIRED in states
    assert states[-1] is PortState.COMPLETED


class Impatient(Interceptor):
    """Times out a query after half a second, where the SDK takes 30."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return ImpatientOutbound(next)


class ImpatientOutbound(OutboundInterceptor):
    async def query_workflow(self, input: QueryWorkflowInput) -> object:
        input.rpc_timeout = timedelta(seconds=0.5)
        return await super().query_workflow(input)


async def followed(changes: AsyncIterator[Seen]) -> list[Seen]:
    return [now async for now in changes]


async def test_ctrl_c_ends_only_the_watch(
    cli: CommandLine, harness: Harness, request_file: str
) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="silent"))
    running = await start_process("port-in", "start", request_file, "--watch", env=cli.variables)
    assert running.stdout is not None
    await asyncio.wait_for(running.stdout.readuntil(b"SUBMITTED"), TEST_TIMEOUT)
    running.send_signal(signal.SIGINT)
    said = await wait_output(running)
    assert said.status == 130
    assert "stopped watching; what was started continues" in said.err
    assert "Traceback" not in said.err
    # As it was called.
    [command] = [line for line in said.err.splitlines() if line.startswith("  ")]
    assert command.endswith(f"python -m telegent_orchestrator.cli port-in status {NUMBER} --watch")
    assert (await cli.run("port-in", "status", NUMBER)).status == 0


async def test_usage_error_and_help_are_short(cli: CommandLine) -> None:
    said = await cli.run("port-in", "decide", NUMBER, "explode", "--reason", "why")
    assert said.status == 2
    assert "mark_done" in said.err
    assert "Traceback" not in said.err
    assert "Exit status: 0 done" in (await cli.run("--help")).out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tgo port-in ", {"start", "status", "correct", "cancel", "decide", "note"}),
        ("tgo list --state ACTION", {"ACTION_REQUIRED"}),
        ("tgo list --type p", {"port-in", "port-out"}),
        ("tgo port-in correct +18015550142 --secret ", set()),
        ("tgo status ", set()),
    ],
)
async def test_shell_completion_offers_no_secrets(typed: str, offered: set[str]) -> None:
    words = {"_TGO_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    words["COMP_CWORD"] = str(len(typed.split()) - (not typed.endswith(" ")))
    said = await CommandLine({}).run(**words)
    assert set(said.out.split()) == offered


def test_missing_extra_is_a_one_line_error() -> None:
    # As where only the wheel's own requirements are installed: these three cannot be found.
    without = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name in ('typer', 'rich') else find(name)\n"
        "from telegent_orchestrator.cli import main; sys.exit(main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("tgo needs typer, rich: install this package with its extra [cli]")


@pytest.mark.parametrize(
    ("variable", "warning"),
    [
        ("TEMPORAL_ADRESS", "; did you mean TEMPORAL_ADDRESS?"),
        ("TEMPORAL_TLS_CERT", ""),
        ("TEMPORAL_ADDRESS", None),
        ("TEMPORAL_GRPC_META_TEAM", None),
        ("TEMPORAL_TLS_SERVER_NAME", None),
    ],
)
def test_unknown_temporal_variable_is_a_warning(variable: str, warning: str | None) -> None:
    warnings = unknown_variable_warnings({variable: "x", "HOME": "y"})
    expected = f"{variable} is set and no setting has this name{warning}"
    if warning:
        assert warnings == [expected]
    else:
        assert len(warnings) == (warning is not None)


async def test_misspelt_variables_are_warnings_of_every_command() -> None:
    said = await CommandLine({}).run(
        *("validate", FAMILY),
        TEMPORAL_ADRESS="x",
        TELEGENT_ID_KYE="x",
        TELEGENT_ACCOUNT_KEY="x",
    )
    assert said.status == 0
    assert "TEMPORAL_ADRESS is set" in said.err
    assert "TELEGENT_ID_KYE is set and this command does not read it; did you mean" in said.err
    assert "TELEGENT_ACCOUNT_KEY" not in said.err


async def test_unknown_temporal_variable_is_shown_when_temporal_is_unreachable() -> None:
    said = await CommandLine({}).run(
        "--address", "127.0.0.1:1", "status", "x", TEMPORAL_ADRESS="elsewhere"
    )
    assert said.status == 4
    assert "TEMPORAL_ADRESS is set" in said.err


@pytest.mark.parametrize(
    ("argv0", "name"),
    [
        ("/lib/telegent_orchestrator/cli/__main__.py", f"{os.path.relpath(sys.executable)} -m "),
        ("/lib/pytest/__main__.py", "tgo"),
        ("/somewhere/else/tgo", "/somewhere/else/tgo"),
        (".venv/bin/tgo", ".venv/bin/tgo"),
        ("/bin/pytest", "tgo"),
    ],
)
def test_printed_commands_call_the_program_as_it_was_called(argv0: str, name: str) -> None:
    assert program_name(argv0).startswith(name)


def test_printed_commands_use_the_bare_name_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tgo"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program_name(str(program)) == "tgo"
