"""The connection to Temporal: each option of `tgo` sets one of the worker's variables."""

import difflib
import functools
import os
import shlex
import shutil
import sys
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
from telegent_orchestrator._connection_errors import (
    explain_config_error,
    explain_connection_error,
    unknown_variable_warnings,
)
from telegent_orchestrator._json_text import InvalidTextError, decode_text
from telegent_orchestrator.cli.errors import ErrorContext, to_command_error
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.client.bulk import BulkClient
from telegent_orchestrator.client.executions import Executions, WorkflowKind
from telegent_orchestrator.key_record import KeyRecord, id_key_fingerprint, read_key_record

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
"""The variable that each option sets."""
KEY_VARIABLES = (
    *("TELEGENT_PAYLOAD_KEYS", "TELEGENT_PAYLOAD_KEYS_FILE"),
    *("TELEGENT_ID_KEY", "TELEGENT_ID_KEY_FILE"),
)
PROGRAMS = ("tgo", "telegent-orchestrator")
UNENCRYPTED_WARNING = (
    "no payload keys are given: Temporal stores what this command sends unencrypted "
    "(--payload-keys-file)"
)
_ALL_TYPES = [part for kind in WorkflowKind for part in ("--type", kind.value)]


@dataclass(frozen=True)
class Session:
    """What a command uses while it is connected.

    Attributes:
        keys: The keys of this command.
        worker_keys: Those that the workers have recorded; None if they cannot be read.
        command: See `Connection.command`.
    """

    temporal: Client
    orchestrator: Orchestrator
    bulks: BulkClient
    executions: Executions
    id_key: str
    keys: KeyRecord
    worker_keys: KeyRecord | None
    command: Callable[..., str]

    @property
    def encrypts(self) -> bool:
        """Whether payloads are encrypted."""
        return bool(self.keys.payload_keys)

    def require_same_id_key(self) -> None:
        """Check the key with which workflow ids are computed from phone numbers.

        Raises:
            CommandError: The workers have another one.
        """
        if self.worker_keys and self.worker_keys.id_key != self.keys.id_key:
            raise CommandError(
                f"the id keys differ: this command has {self.keys.id_key}, the workers have "
                f"{self.worker_keys.id_key}; give the worker's key with --id-key-file "
                "(TELEGENT_ID_KEY_FILE)",
                ExitStatus.UNREACHABLE,
            )

    def require_same_payload_keys(self) -> None:
        """Check that the workers can read what this command sends, and the reverse.

        Raises:
            CommandError: They cannot.
        """
        if self.worker_keys and not self.keys.can_exchange_payloads(self.worker_keys):
            raise CommandError(
                f"the payload keys differ: this command has {self.keys.shown_payload_keys}, the "
                f"workers have {self.worker_keys.shown_payload_keys}; give the worker's keys with "
                "--payload-keys-file (TELEGENT_PAYLOAD_KEYS_FILE)",
                ExitStatus.UNREACHABLE,
            )


@dataclass(frozen=True)
class Connection:
    """Where Temporal is, and with which keys. `options`: as they were typed."""

    options: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def from_options(
        cls, options: Mapping[str, str], environment: Mapping[str, str]
    ) -> "Connection":
        """Options override the environment; an option that names a file overrides the value."""
        variables = {name: value for name, value in environment.items() if value}
        for option, value in options.items():
            variables.pop(VARIABLES[option].removesuffix("_FILE"), None)
            variables[VARIABLES[option]] = value
        return cls(options, variables)

    @property
    def warnings(self) -> list[str]:
        """A warning for each `TEMPORAL_` variable that nothing reads, and for misspelt keys.

        The worker's other `TELEGENT_` variables may be set in the same shell.
        """
        misspelt = [
            f"{name} is set and this command does not read it; did you mean {match[0]}?"
            for name in sorted(self.environment)
            if name.startswith("TELEGENT_")
            and name not in KEY_VARIABLES
            and (match := difflib.get_close_matches(name, KEY_VARIABLES, n=1, cutoff=0.85))
        ]
        return unknown_variable_warnings(self.environment) + misspelt

    def command(self, *arguments: str) -> str:
        """A command line with the same connection options, to be copied by the user."""
        options = [part for option in self.options.items() for part in option]
        return f"{program_name(sys.argv[0])} {shlex.join([*options, *arguments])}"

    @asynccontextmanager
    async def open(
        self, not_found: CommandError | None = None, *, any_keys: bool = False
    ) -> AsyncIterator[Session]:
        """Connect to Temporal. Errors of Temporal inside the block become CommandError.

        Args:
            not_found: The error if the workflow does not exist.
            any_keys: Connect although the payload keys differ from those of the workers.
        """
        id_key = self._secret("TELEGENT_ID_KEY")
        keys = self._payload_keys()
        client = await self._connect(_data_converter(keys))
        worker_keys: KeyRecord | None = None
        try:
            worker_keys = await read_key_record(client)
            session = Session(
                temporal=client,
                orchestrator=Orchestrator(client, id_key=id_key),
                bulks=BulkClient(client, id_key=id_key),
                executions=Executions(client),
                id_key=id_key,
                keys=KeyRecord(id_key_fingerprint(id_key), tuple(key.label for key in keys)),
                worker_keys=worker_keys,
                command=self.command,
            )
            if not any_keys:
                session.require_same_payload_keys()
            yield session
        except Exception as error:
            context = ErrorContext(
                address=client.service_client.config.target_host,
                namespace=client.namespace,
                list_paused_command=self.command("list", "--state", "paused", *_ALL_TYPES),
                doctor_command=self.command("doctor"),
                keys_compared=worker_keys is not None,
                not_found=not_found,
            )
            command_error = to_command_error(error, context)
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
                errors=self.warnings,
            ) from error

    def _payload_keys(self) -> tuple[encryption.PayloadKey, ...]:
        text = self._secret("TELEGENT_PAYLOAD_KEYS")
        try:
            return encryption.parse_key_ring(text) if text else ()
        except ValueError as error:
            raise CommandError(f"TELEGENT_PAYLOAD_KEYS: {error}", ExitStatus.USAGE) from None

    def _secret(self, name: str) -> str:
        """The variable, or the content of the file that `NAME_FILE` names; empty if neither is set.

        The newline with which editors and `echo` end a file is not part of the secret.
        """
        path = self.environment.get(f"{name}_FILE")
        if not path:
            return self.environment.get(name, "")
        if name in self.environment:
            raise CommandError(
                f"{name} and {name}_FILE are both set; set one of them", ExitStatus.USAGE
            )
        return read_text(Path(path), f"the file of {name}").strip()


def program_name(argv0: str) -> str:
    """How to call this program again: by its name, or by the path with which it was called."""
    path = Path(argv0)
    if path.parts[-3:] == ("telegent_orchestrator", "cli", "__main__.py"):
        return f"{shlex.quote(_short_path(sys.executable))} -m telegent_orchestrator.cli"
    if path.name not in PROGRAMS:
        return PROGRAMS[0]
    found = shutil.which(path.name)
    on_path = found is not None and os.path.realpath(found) == os.path.realpath(argv0)
    return path.name if on_path else shlex.quote(argv0)


def _short_path(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def read_text(path: Path, description: str) -> str:
    """The text of a file. Raises CommandError that says why it cannot be read."""
    try:
        return decode_text(path.read_bytes())
    except (OSError, InvalidTextError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CommandError(
            f"{description}, {path}, cannot be read: {why}", ExitStatus.USAGE
        ) from None


def _data_converter(keys: Sequence[encryption.PayloadKey]) -> DataConverter:
    if keys:
        return encryption.data_converter(keys)
    return replace(pydantic_data_converter, payload_codec=_MissingKeysCodec())


class _MissingKeysCodec(PayloadCodec):
    """Names the missing key, where the converter would report an unknown encoding."""

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
    # The SDK's native part would write log lines between our output.
    return Runtime(telemetry=TelemetryConfig(logging=None))
