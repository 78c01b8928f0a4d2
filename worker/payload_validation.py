"""Payloads that a workflow cannot read: rejected in words, or waited for, never a dead end.

- A start that cannot be read ends the workflow with every error in its failure.
- An argument of a signal or update that can never be read reaches its handler as the exception
  that says why, and `parse_message` raises it: an update is rejected, a signal is shown.
- A payload under a key that this worker lacks may be readable for the next worker. The workflow
  task fails with a message that the Temporal UI shows, and Temporal retries it. Only an update is
  rejected at once: nothing of it is stored yet, and its sender is there to read why.

The SDK alone retries a start that it cannot decode without end, drops such a signal with a log
line, and lets one such update hold up the whole workflow.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import Client
from temporalio.converter import PayloadCodec, PayloadConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import WorkflowInstanceDetails

from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.encryption import (
    BenignFailureConverter,
    CodecError,
    EncodedBenignFailureConverter,
    EncryptionCodec,
    MissingKeyError,
    SharedPayloadConverter,
)
from worker.activations import Activate, ActivationRunner

JSON, NULL, UNDECRYPTABLE = b"json/plain", b"binary/null", b"binary/cannot-be-decrypted"
MISSING_KEY = "missing-key"


def with_validating_converter(client: Client) -> Client:
    """Returns the same client for a worker that has a `ValidatingWorkflowRunner`."""
    config = client.config()
    converter = config["data_converter"]
    encoded = converter.failure_converter_class is EncodedBenignFailureConverter
    config["data_converter"] = replace(
        converter,
        payload_codec=_MarkingCodec(converter.payload_codec or EncryptionCodec(())),
        payload_converter_class=_ValidatingPayloadConverter,
        failure_converter_class=_EncodedFailureConverter if encoded else _FailureConverter,
    )
    return Client(**config)


class ValidatingWorkflowRunner(ActivationRunner):
    """Validates the arguments of a start before the workflow gets them."""

    def wrap(self, activate: Activate, det: WorkflowInstanceDetails) -> Activate:
        """Ends the workflow when the start cannot be read.

        With another number of arguments than its parameters, its `__init__` would raise a TypeError
        in every task, without end.
        """

        def validate_and_activate(act: WorkflowActivation) -> WorkflowActivationCompletion:
            for job in act.jobs:
                if job.HasField("initialize_workflow"):
                    _validate_start(job.initialize_workflow, det)
            return activate(act)

        return validate_and_activate


def _validate_start(start: Any, det: WorkflowInstanceDetails) -> None:
    """Raises the error with which the SDK ends a workflow, or MissingKeyError, which it retries."""
    expected, arguments = det.defn.arg_types or [], start.arguments
    errors = []
    if len(arguments) == len(expected):
        converter = det.payload_converter_factory()
        for payload, expected_type in zip(arguments, expected, strict=True):
            errors += _start_errors(converter, payload, expected_type)
    else:
        errors = [f"it takes {len(expected) or 'no'} argument, and got {len(arguments)}"]
    if errors:
        raise ApplicationError(
            f"{start.workflow_type} was not started: {'; '.join(errors)}",
            type="InvalidMessage",
            non_retryable=True,
        )


def _start_errors(converter: PayloadConverter, payload: Payload, expected: type) -> list[str]:
    if reason := _encoding_error(payload):
        return [str(reason)]
    try:
        converter.from_payload(payload, expected)
    except ValidationError as error:
        return format_errors(error, expected)
    return []


def _encoding_error(payload: Payload) -> str | None:
    """Returns why a payload is not JSON; None when it is. Raises MissingKeyError."""
    encoding = payload.metadata.get("encoding", b"")
    if encoding == UNDECRYPTABLE:
        error = _undecryptable(payload)
        if isinstance(error, MissingKeyError):
            raise error
        return str(error)
    return None if encoding == JSON else f"its encoding must be json/plain, not {encoding[:64]!r}"


class _MarkingCodec(PayloadCodec):
    """Puts a marker in place of what it cannot decrypt: its reader decides what that means."""

    def __init__(self, inner: PayloadCodec) -> None:
        self._inner = inner

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await self._inner.encode(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [await self._decode_one(payload) for payload in payloads]

    async def _decode_one(self, payload: Payload) -> Payload:
        try:
            return (await self._inner.decode([payload]))[0]
        except CodecError as error:
            key = {MISSING_KEY: b"yes"} if isinstance(error, MissingKeyError) else {}
            return Payload(metadata={"encoding": UNDECRYPTABLE} | key, data=str(error).encode())


def _undecryptable(payload: Payload) -> CodecError:
    kind = MissingKeyError if MISSING_KEY in payload.metadata else CodecError
    return kind(payload.data.decode(errors="replace"))


class _ValidatingPayloadConverter(SharedPayloadConverter):
    """Gives handlers, whose parameters have no model, an exception for what it cannot read."""

    def from_payloads(
        self, payloads: Sequence[Payload], type_hints: list[type] | None = None
    ) -> list[Any]:
        return [
            self._read_typed(payload, hint) if hint else self._read_message(payload)
            for payload, hint in zip_longest(payloads, type_hints or [])
        ]

    def _read_typed(self, payload: Payload, hint: type) -> Any:
        if payload.metadata.get("encoding") == UNDECRYPTABLE:
            raise _undecryptable(payload)
        return super().from_payloads([payload], [hint])[0]

    def _read_message(self, payload: Payload) -> Any:
        if payload.metadata.get("encoding") == NULL:
            return None
        try:
            if reason := _encoding_error(payload):
                return _unreadable(reason)
            return super().from_payloads([payload])[0]
        except MissingKeyError as error:
            return error
        except ValidationError as error:
            return _unreadable("; ".join(format_errors(error)))


def _unreadable(reason: str) -> ApplicationError:
    return ApplicationError(f"it could not be read: {reason}", type="InvalidMessage")


class _FailureConverter(BenignFailureConverter):
    """Raises for a failure whose message is under a missing key, so that the task is retried."""

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        if failure.encoded_attributes.metadata.get("encoding") == UNDECRYPTABLE:
            raise _undecryptable(failure.encoded_attributes)
        return super().from_failure(failure, payload_converter)


class _EncodedFailureConverter(_FailureConverter, EncodedBenignFailureConverter):
    """The same for a worker that encrypts the messages of failures."""
