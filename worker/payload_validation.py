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

from telegent_orchestrator._validation import faults_of
from telegent_orchestrator.encryption import CodecError, EncryptionCodec, MissingKeyError
from workflows.support.messages import UNREADABLE

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

JSON, NULL, SEALED = b"json/plain", b"binary/null", b"binary/cannot-be-decrypted"
# Unknown outside this process, so that nobody can send a payload that looks like a mark of ours.
_SECRET = secrets.token_bytes(16)
_MARK = re.compile(
    re.escape(_SECRET) + b"(?P<lasting>0|1)(?P<why>.*?)" + re.escape(_SECRET), re.DOTALL
)


def reading_client(client: Client) -> Client:
    """The same client for a worker that has `ReadingRunner`."""
    config = client.config()
    converter = config["data_converter"]
    config["data_converter"] = replace(
        converter,
        payload_codec=_MarkingCodec(converter.payload_codec or EncryptionCodec(())),
        payload_converter_class=_MarkReadingConverter,
    )
    return Client(**config)


class ReadingRunner(WorkflowRunner):
    """Runs workflows with `inner`, and reads for them first what they are given."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner

    def prepare_workflow(self, defn: Any) -> None:
        """As `inner` does."""
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance of `inner`, with a reader before it."""
        return _Reader(self._inner.create_instance(det), det)

    def set_worker_level_failure_exception_types(
        self, types: Sequence[type[BaseException]]
    ) -> None:
        """As `inner` does."""
        self._inner.set_worker_level_failure_exception_types(types)


class _Reader(WorkflowInstance):
    def __init__(self, inner: WorkflowInstance, det: WorkflowInstanceDetails) -> None:
        self._inner = inner
        self._details = det
        self._converter = det.payload_converter_factory()
        self._refusal: ApplicationError | None = None

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        if why := missing_key(act):
            log.error(
                "a workflow waits for a payload key",
                workflow_id=self._details.info.workflow_id,
                reason=why,
            )
            return _task_failed(why)
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                self._read_start(job.initialize_workflow)
            elif job.HasField("signal_workflow"):
                self._read_message(job.signal_workflow.input)
            elif job.HasField("do_update"):
                self._read_message(job.do_update.input)
        if self._refusal:
            return self._refused(act, self._refusal)
        if mark := _MARK.search(act.SerializeToString()):
            return _task_failed(mark["why"].decode())
        return self._inner.activate(act)

    def _read_start(self, start: InitializeWorkflow) -> None:
        """Keeps what is wrong with the arguments of a start."""
        wanted = self._details.defn.arg_types or []
        given = start.arguments
        faults: list[str] = []
        if len(given) == len(wanted):
            for payload, kind in zip(given, wanted, strict=True):
                faults += self._faults(payload, kind)
        else:
            faults = [f"there must be {len(wanted)} argument, and there are {len(given)}"]
        if faults:
            self._refusal = ApplicationError(
                f"{start.workflow_type} was not started: {'; '.join(faults)}", type="Unreadable"
            )

    def _read_message(self, payloads: MutableSequence[Payload]) -> None:
        """Puts the reason in place of what is not JSON; what it means is the handler's business."""
        for at, payload in enumerate(payloads):
            if payload.metadata.get("encoding") != NULL and (faults := self._faults(payload)):
                why = self._converter.to_payload({UNREADABLE: "; ".join(faults)})
                payloads[at].CopyFrom(why)

    def _faults(self, payload: Payload, kind: Any = None) -> list[str]:
        encoding = payload.metadata.get("encoding", b"")
        if encoding == SEALED:
            return [_why_sealed(payload)]
        if encoding != JSON:
            return [f"its encoding must be {JSON.decode()}, and is {encoding[:64]!r}"]
        try:
            self._converter.from_payload(payload, kind)
        except ValidationError as error:
            return faults_of(error)
        except Exception as error:
            # A fault of ours in the checks. Its message may hold the value.
            *_, place = traceback.extract_tb(error.__traceback__)
            what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
            log.error("a payload could not be checked", reason=what)
            return [f"it could not be checked: {what}"]
        return []

    def _refused(
        self, act: WorkflowActivation, refusal: ApplicationError
    ) -> WorkflowActivationCompletion:
        """Ends the workflow, also when it is replayed."""
        done = WorkflowActivationCompletion()
        done.successful.SetInParent()
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                failure = done.successful.commands.add().fail_workflow_execution.failure
                converter = self._details.failure_converter_class()
                converter.to_failure(refusal, self._converter, failure)
            elif job.HasField("query_workflow"):
                answer = done.successful.commands.add().respond_to_query
                answer.query_id = job.query_workflow.query_id
                answer.failed.message = "this start was refused; its failure says why"
        return done

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()


def missing_key(act: WorkflowActivation) -> str | None:
    """Why something here can be read with another key only; None when there is no such thing.

    An update that has not been taken yet does not count: it can still be refused.
    """
    for job in act.jobs:
        fresh_update = job.HasField("do_update") and job.do_update.run_validator
        if not fresh_update:
            for mark in _MARK.finditer(job.SerializeToString()):
                if mark["lasting"] == b"0":
                    return mark["why"].decode()
    return None


def _task_failed(why: str) -> WorkflowActivationCompletion:
    """Not by the failure converter, which would hide the reason from who has no key either."""
    done = WorkflowActivationCompletion()
    done.failed.failure.message = why
    done.failed.failure.application_failure_info.type = CodecError.__name__
    return done


class _MarkingCodec(PayloadCodec):
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
            lasting = b"0" if isinstance(error, MissingKeyError) else b"1"
            mark = _SECRET + lasting + str(error).encode() + _SECRET
            return Payload(metadata={"encoding": SEALED}, data=mark)


def _why_sealed(payload: Payload) -> str:
    mark = _MARK.fullmatch(payload.data)
    return mark["why"].decode() if mark else f"its encoding is {SEALED.decode()}"


class _MarkReader(EncodingPayloadConverter):
    """Says in the codec's words what cannot be decrypted, to the activities of this worker."""

    @property
    def encoding(self) -> str:
        return SEALED.decode()

    def to_payload(self, value: Any) -> Payload | None:
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        raise CodecError(_why_sealed(payload))


class _MarkReadingConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        usual = PydanticPayloadConverter().converters.values()
        super().__init__(*usual, _MarkReader())
