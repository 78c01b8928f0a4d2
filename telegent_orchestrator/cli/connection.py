"""Reaching Temporal: options of `telegent` are other ways to set the worker's variables."""

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
from telegent_orchestrator._connection_errors import unreachable, unusable
from telegent_orchestrator.cli.errors import as_stop
from telegent_orchestrator.cli.results import Exit, Stop
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.client.bulk import Bulks
from telegent_orchestrator.client.executions import Executions, Kind

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
UNENCRYPTED = (
    "no payload keys are given: what is sent is stored in the clear in Temporal "
    "(--payload-keys-file)"
)
_EVERY_TYPE = [word for kind in Kind for word in ("--type", kind.value)]


@dataclass(frozen=True)
class House:
    """What a command works with while it is connected. `command`: see `Connection.command`."""

    orchestrator: Orchestrator
    bulks: Bulks
    executions: Executions
    id_key: str
    encrypts: bool
    command: Callable[..., str]


@dataclass(frozen=True)
class Connection:
    """Where Temporal is, and with which keys. `given`: options as they were typed."""

    given: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, given: Mapping[str, str], environment: Mapping[str, str]) -> "Connection":
        """Options win over the environment, also a file over a value."""
        variables = {name: value for name, value in environment.items() if value}
        for option, value in given.items():
            variables.pop(VARIABLES[option].removesuffix("_FILE"), None)
            variables[VARIABLES[option]] = value
        return cls(given, variables)

    def command(self, *words: str) -> str:
        """The command line that does this with the same connection, to be typed by a person."""
        options = [part for given in self.given.items() for part in given]
        return shlex.join(["telegent", *options, *words])

    @asynccontextmanager
    async def open(self, unknown: Stop | None = None) -> AsyncIterator[House]:
        """A connection. Whatever Temporal refuses inside ends in Stop.

        `unknown`: what to say when there is no such workflow.
        """
        id_key = self._secret("TELEGENT_ID_KEY")
        keys = self._payload_keys()
        client = await self._connect(_data_converter(keys))
        try:
            yield House(
                orchestrator=Orchestrator(client, id_key=id_key),
                bulks=Bulks(client, id_key=id_key),
                executions=Executions(client),
                id_key=id_key,
                encrypts=bool(keys),
                command=self.command,
            )
        except Exception as error:
            stop = as_stop(
                error,
                unknown=unknown,
                address=client.service_client.config.target_host,
                namespace=client.namespace,
                paused=self.command("list", "--state", "paused", *_EVERY_TYPE),
            )
            if stop is None:
                raise
            raise stop from error

    async def _connect(self, converter: DataConverter) -> Client:
        environment = dict(self.environment)
        if api_key := self._secret("TEMPORAL_API_KEY"):
            environment["TEMPORAL_API_KEY"] = api_key
        try:
            config = ClientConfig.load_client_connect_config(override_env_vars=environment)
        except (RuntimeError, OSError, ValueError) as error:
            raise Stop(unusable(error, environment), Exit.USAGE) from error
        address = config.setdefault("target_host", DEFAULT_ADDRESS)
        try:
            return await Client.connect(**config, data_converter=converter, runtime=_runtime())
        except (RuntimeError, RPCError, ValueError) as error:
            raise Stop(
                f"cannot reach Temporal at {address}: {unreachable(error, config, environment)}",
                Exit.UNREACHABLE,
            ) from error

    def _payload_keys(self) -> tuple[encryption.PayloadKey, ...]:
        text = self._secret("TELEGENT_PAYLOAD_KEYS")
        try:
            return encryption.parse_key_ring(text) if text else ()
        except ValueError as error:
            raise Stop(f"TELEGENT_PAYLOAD_KEYS: {error}", Exit.USAGE) from None

    def _secret(self, name: str) -> str:
        """The variable, or what is in the file that its `…_FILE` names; empty when there is none.

        Editors and `echo` end a file with a newline that is no part of the secret.
        """
        path = self.environment.get(f"{name}_FILE")
        if not path:
            return self.environment.get(name, "")
        if name in self.environment:
            raise Stop(f"{name} and {name}_FILE are both set; set one of them", Exit.USAGE)
        return read_text(Path(path), f"the file of {name}").strip()


def read_text(path: Path, what: str) -> str:
    """The file's text. Raises Stop that says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Stop(f"{what}, {path}, cannot be read: {why}", Exit.USAGE) from None


def _data_converter(keys: Sequence[encryption.PayloadKey]) -> DataConverter:
    if keys:
        return encryption.data_converter(keys)
    return replace(pydantic_data_converter, payload_codec=_NoKeys())


class _NoKeys(PayloadCodec):
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
