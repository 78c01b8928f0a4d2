"""What reaches a workflow and cannot be read: refused, shown, or waited for; never a dead end.

- A start that cannot be read ends the workflow at once, with every fault in its failure.
- A signal or update that nobody can ever read is given to its handler as `{"unreadable": why}`:
  the handler refuses it in words that people see.
- What is encrypted under a key that this worker does not have may be readable for the next one.
  So the workflow task fails, in words that the Temporal UI shows, and Temporal tries it again
  until a worker has the key. Only an update is refused at once: nothing of it is stored yet, and
  its sender is there to hear it.

By itself the SDK tries a start that it cannot decode for ever, drops such a signal with a log line,
and lets one such update hold up the whole workflow.
"""

import re
import secrets
import traceback
from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    EncodingPayloadConverter,
    PayloadCodec,
)
from temporalio.exceptions import ApplicationError
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from telegent_orchestrator._validation import format_errors
from telegent_orchestrator.encryption import CodecError, EncryptionCodec, MissingKeyError
from workflows.support.messages import UNREADABLE

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

JSON_ENCODING, NULL_ENCODING, UNDECRYPTABLE_ENCODING = (
    b"json/plain",
    b"binary/null",
    b"binary/cannot-be-decrypted",
)
# Unknown outside this process, so that nobody can send a payload that looks like a mark of ours.
_MARKER_SECRET = secrets.token_bytes(16)
_MARKER = re.compile(
    re.escape(_MARKER_SECRET) + b"(?P<permanent>0|1)(?P<reason>.*?)" + re.escape(_MARKER_SECRET),
    re.DOTALL,
)


def with_validating_converter(client: Client) -> Client:
    """The same client for a worker that has `ValidatingWorkflowRunner`."""
    config = client.config()
    converter = config["data_converter"]
    config["data_converter"] = replace(
        converter,
        payload_codec=_MarkerCodec(converter.payload_codec or EncryptionCodec(())),
        payload_converter_class=_ValidatingPayloadConverter,
    )
    return Client(**config)


class ValidatingWorkflowRunner(WorkflowRunner):
    """Runs workflows with `inner`, and reads for them first what they are given."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner

    def prepare_workflow(self, defn: Any) -> None:
        """As `inner` does."""
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance of `inner`, with a reader before it."""
        return _ValidatingWorkflowInstance(self._inner.create_instance(det), det)

    def set_worker_level_failure_exception_types(
        self, types: Sequence[type[BaseException]]
    ) -> None:
        """As `inner` does."""
        self._inner.set_worker_level_failure_exception_types(types)


class _ValidatingWorkflowInstance(WorkflowInstance):
    def __init__(self, inner: WorkflowInstance, det: WorkflowInstanceDetails) -> None:
        self._inner = inner
        self._details = det
        self._converter = det.payload_converter_factory()
        self._start_error: ApplicationError | None = None

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        if reason := missing_key_reason(act):
            log.error(
                "a workflow waits for a payload key",
                workflow_id=self._details.info.workflow_id,
                reason=reason,
            )
            return _failed_task(reason)
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                self._validate_start(job.initialize_workflow)
            elif job.HasField("signal_workflow"):
                self._validate_message(job.signal_workflow.input)
            elif job.HasField("do_update"):
                self._validate_message(job.do_update.input)
        if self._start_error:
            return self._fail_workflow(act, self._start_error)
        if marker := _MARKER.search(act.SerializeToString()):
            return _failed_task(marker["reason"].decode())
        return self._inner.activate(act)

    def _validate_start(self, start: InitializeWorkflow) -> None:
        """Keeps what is wrong with the arguments of a start."""
        expected_types = self._details.defn.arg_types or []
        arguments = start.arguments
        errors: list[str] = []
        if len(arguments) == len(expected_types):
            for payload, expected_type in zip(arguments, expected_types, strict=True):
                errors += self._payload_errors(payload, expected_type)
        else:
            errors = [
                f"there must be {len(expected_types)} argument, and there are {len(arguments)}"
            ]
        if errors:
            self._start_error = ApplicationError(
                f"{start.workflow_type} was not started: {'; '.join(errors)}", type="InvalidMessage"
            )

    def _validate_message(self, payloads: MutableSequence[Payload]) -> None:
        """Puts the reason in place of what is not JSON; what it means is the handler's business."""
        for index, payload in enumerate(payloads):
            if payload.metadata.get("encoding") != NULL_ENCODING and (
                errors := self._payload_errors(payload)
            ):
                replacement = self._converter.to_payload({UNREADABLE: "; ".join(errors)})
                payloads[index].CopyFrom(replacement)

    def _payload_errors(self, payload: Payload, expected_type: Any = None) -> list[str]:
        encoding = payload.metadata.get("encoding", b"")
        if encoding == UNDECRYPTABLE_ENCODING:
            return [_undecryptable_reason(payload)]
        if encoding != JSON_ENCODING:
            return [f"its encoding must be {JSON_ENCODING.decode()}, and is {encoding[:64]!r}"]
        try:
            self._converter.from_payload(payload, expected_type)
        except ValidationError as error:
            return format_errors(error)
        except Exception as error:
            # A fault of ours in the checks. Its message may hold the value.
            *_, frame = traceback.extract_tb(error.__traceback__)
            reason = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
            log.error("a payload could not be checked", reason=reason)
            return [f"it could not be checked: {reason}"]
        return []

    def _fail_workflow(
        self, act: WorkflowActivation, error: ApplicationError
    ) -> WorkflowActivationCompletion:
        """Ends the workflow, also when it is replayed."""
        completion = WorkflowActivationCompletion()
        completion.successful.SetInParent()
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                failure = completion.successful.commands.add().fail_workflow_execution.failure
                converter = self._details.failure_converter_class()
                converter.to_failure(error, self._converter, failure)
            elif job.HasField("query_workflow"):
                response = completion.successful.commands.add().respond_to_query
                response.query_id = job.query_workflow.query_id
                response.failed.message = "this start was refused; its failure says why"
        return completion

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()


def missing_key_reason(act: WorkflowActivation) -> str | None:
    """Why something here can be read with another key only; None when there is no such thing.

    An update that has not been taken yet does not count: it can still be refused.
    """
    for job in act.jobs:
        unaccepted_update = job.HasField("do_update") and job.do_update.run_validator
        if not unaccepted_update:
            for marker in _MARKER.finditer(job.SerializeToString()):
                if marker["permanent"] == b"0":
                    return marker["reason"].decode()
    return None


def _failed_task(reason: str) -> WorkflowActivationCompletion:
    """Not by the failure converter, which would hide the reason from who has no key either."""
    completion = WorkflowActivationCompletion()
    completion.failed.failure.message = reason
    completion.failed.failure.application_failure_info.type = CodecError.__name__
    return completion


class _MarkerCodec(PayloadCodec):
    """Puts a mark in place of what cannot be decrypted: only its reader knows what that means."""

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
            permanent = b"0" if isinstance(error, MissingKeyError) else b"1"
            marker = _MARKER_SECRET + permanent + str(error).encode() + _MARKER_SECRET
            return Payload(metadata={"encoding": UNDECRYPTABLE_ENCODING}, data=marker)


def _undecryptable_reason(payload: Payload) -> str:
    marker = _MARKER.fullmatch(payload.data)
    return (
        marker["reason"].decode()
        if marker
        else f"its encoding is {UNDECRYPTABLE_ENCODING.decode()}"
    )


class _UndecryptableConverter(EncodingPayloadConverter):
    """Says in the codec's words what cannot be decrypted, to the activities of this worker."""

    @property
    def encoding(self) -> str:
        return UNDECRYPTABLE_ENCODING.decode()

    def to_payload(self, value: Any) -> Payload | None:
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        raise CodecError(_undecryptable_reason(payload))


class _ValidatingPayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        default_converters = PydanticPayloadConverter().converters.values()
        super().__init__(*default_converters, _UndecryptableConverter())
