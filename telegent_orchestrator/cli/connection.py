"""Reaching Temporal: options of `tgo` are other ways to set the worker's variables."""

import functools
import shlex
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError

from telegent_orchestrator import encryption
from telegent_orchestrator._connection_errors import explain_config_error, explain_connection_error
from telegent_orchestrator.cli.errors import to_command_error
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.client.bulk import BulkClient
from telegent_orchestrator.client.executions import Executions, WorkflowKind

DEFAULT_ADDRESS = "localhost:7233"
VARIABLES = {
    "--address": "TEMPORAL_ADDRESS",
    "--namespace": "TEMPORAL_NAMESPACE",
    "--profile": "TEMPORAL_PROFILE",
    "--tls-ca-file": "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    "--tls-cert-file": "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "--tls-key-file": "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "--api-key-file": "TEMPORAL_API_KEY_FILE",
    "--payload-keys-file": "TELEGENT_PAYLOAD_KEYS_FILE",
    "--id-key-file": "TELEGENT_ID_KEY_FILE",
}
"""By option the variable that it stands for."""
UNENCRYPTED_WARNING = (
    "no payload keys are given: what is sent is stored in the clear in Temporal "
    "(--payload-keys-file)"
)
_ALL_TYPES = [part for kind in WorkflowKind for part in ("--type", kind.value)]


@dataclass(frozen=True)
class Session:
    """What a command works with while it is connected. `command`: see `Connection.command`."""

    orchestrator: Orchestrator
    bulks: BulkClient
    executions: Executions
    id_key: str
    encrypts: bool
    command: Callable[..., str]


@dataclass(frozen=True)
class Connection:
    """Where Temporal is, and with which keys. `options`: as they were typed."""

    options: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def from_options(
        cls, options: Mapping[str, str], environment: Mapping[str, str]
    ) -> "Connection":
        """Options win over the environment, also a file over a value."""
        variables = {name: value for name, value in environment.items() if value}
        for option, value in options.items():
            variables.pop(VARIABLES[option].removesuffix("_FILE"), None)
            variables[VARIABLES[option]] = value
        return cls(options, variables)

    def command(self, *arguments: str) -> str:
        """The command line that does this with the same connection, to be typed by a person."""
        options = [part for option in self.options.items() for part in option]
        return shlex.join(["tgo", *options, *arguments])

    @asynccontextmanager
    async def open(self, not_found: CommandError | None = None) -> AsyncIterator[Session]:
        """A connection. Whatever Temporal refuses inside ends in CommandError.

        `not_found`: what to say when there is no such workflow.
        """
        id_key = self._secret("TELEGENT_ID_KEY")
        keys = self._payload_keys()
        client = await self._connect(_data_converter(keys))
        try:
            yield Session(
                orchestrator=Orchestrator(client, id_key=id_key),
                bulks=BulkClient(client, id_key=id_key),
                executions=Executions(client),
                id_key=id_key,
                encrypts=bool(keys),
                command=self.command,
            )
        except Exception as error:
            command_error = to_command_error(
                error,
                not_found=not_found,
                address=client.service_client.config.target_host,
                namespace=client.namespace,
                list_paused_command=self.command("list", "--state", "paused", *_ALL_TYPES),
            )
            if command_error is None:
                raise
            raise command_error from error

    async def _connect(self, converter: DataConverter) -> Client:
        environment = dict(self.environment)
        if api_key := self._secret("TEMPORAL_API_KEY"):
            environment["TEMPORAL_API_KEY"] = api_key
        try:
            config = ClientConfig.load_client_connect_config(override_env_vars=environment)
        except (RuntimeError, OSError, ValueError) as error:
            raise CommandError(
                explain_config_error(error, environment), ExitStatus.USAGE
            ) from error
        address = config.setdefault("target_host", DEFAULT_ADDRESS)
        try:
            return await Client.connect(**config, data_converter=converter, runtime=_runtime())
        except (RuntimeError, RPCError, ValueError) as error:
            raise CommandError(
                f"cannot reach Temporal at {address}: "
                f"{explain_connection_error(error, config, environment)}",
                ExitStatus.UNREACHABLE,
            ) from error

    def _payload_keys(self) -> tuple[encryption.PayloadKey, ...]:
        text = self._secret("TELEGENT_PAYLOAD_KEYS")
        try:
            return encryption.parse_key_ring(text) if text else ()
        except ValueError as error:
            raise CommandError(f"TELEGENT_PAYLOAD_KEYS: {error}", ExitStatus.USAGE) from None

    def _secret(self, name: str) -> str:
        """The variable, or what is in the file that its `…_FILE` names; empty when there is none.

        Editors and `echo` end a file with a newline that is no part of the secret.
        """
        path = self.environment.get(f"{name}_FILE")
        if not path:
            return self.environment.get(name, "")
        if name in self.environment:
            raise CommandError(
                f"{name} and {name}_FILE are both set; set one of them", ExitStatus.USAGE
            )
        return read_text(Path(path), f"the file of {name}").strip()


def read_text(path: Path, description: str) -> str:
    """The file's text. Raises CommandError that says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CommandError(
            f"{description}, {path}, cannot be read: {why}", ExitStatus.USAGE
        ) from None


def _data_converter(keys: Sequence[encryption.PayloadKey]) -> DataConverter:
    if keys:
        return encryption.data_converter(keys)
    return replace(pydantic_data_converter, payload_codec=_MissingKeysCodec())


class _MissingKeysCodec(PayloadCodec):
    """Says what is missing, where the converter would only not know the encoding."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        for payload in payloads:
            if payload.metadata.get("encoding") == encryption.ENCODING:
                key = payload.metadata.get("encryption-key-id", b"").decode(errors="replace")
                raise encryption.CodecError(f"payload is encrypted with key {key!r}")
        return list(payloads)


@functools.cache
def _runtime() -> Runtime:
    # The SDK's native part would print lines of its own between ours.
    return Runtime(telemetry=TelemetryConfig(logging=None))
