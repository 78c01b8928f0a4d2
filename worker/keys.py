"""The keys of a namespace's workers: a record in Temporal that all of them must agree with.

Two workers with different id keys would open two port-ins of one number, and a worker without
payload keys would store unencrypted payloads next to encrypted ones. The record is a paused
Temporal Schedule without a spec: it never starts anything, is created atomically, and its note can
be read in the Temporal UI. It holds fingerprints, never keys.
"""

import hashlib
import re
from collections.abc import Sequence

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.encryption import PayloadKey
from worker.errors import WorkerError

SCHEDULE_ID = "telegent-orchestrator-keys"
UNSET = "not set"
ENCRYPTED, UNENCRYPTED = "encrypted", "not encrypted"
NOTE = "Record of keys, never runs. Id key: {id_key}. Payloads: {payloads}."
_NOTE = re.compile(r"Id key: (?P<id_key>[^.]+)\. Payloads: (?P<payloads>[^.]+)\.")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def id_key_fingerprint(id_key: str) -> str:
    """A value that differs between id keys and does not reveal them."""
    if not id_key:
        return UNSET
    return hashlib.sha256(b"id key" + id_key.encode()).hexdigest()[:16]


def payload_key_fingerprints(keys: Sequence[PayloadKey]) -> list[str]:
    """The same of payload keys, each after the id of its key."""
    return [f"{key.id}:{key.fingerprint.decode()}" for key in keys]


async def require_same_keys(
    client: Client, id_key: str, payload_keys: Sequence[PayloadKey]
) -> None:
    """Compare this worker's keys with the record in its namespace, which the first worker creates.

    Raises:
        WorkerError: The id key differs, or payload keys are missing although payloads are
            encrypted.
    """
    fingerprint = id_key_fingerprint(id_key)
    payloads = ENCRYPTED if payload_keys else UNENCRYPTED
    note = NOTE.format(id_key=fingerprint, payloads=payloads)
    try:
        recorded = await _read_or_create(client, note)
        if recorded["id_key"] != fingerprint:
            raise WorkerError(
                f"TELEGENT_ID_KEY (fingerprint {fingerprint}) differs from that of the other "
                f"workers of namespace {client.namespace!r} (fingerprint {recorded['id_key']}), so "
                "that one number could have two port-ins. Set the same key. To change the key, "
                "wait until no port-in is open, stop all workers and run: "
                f"temporal schedule delete --schedule-id {SCHEDULE_ID}"
            )
        if recorded["payloads"] == ENCRYPTED and not payload_keys:
            raise WorkerError(
                f"TELEGENT_PAYLOAD_KEYS is not set, but payloads in namespace {client.namespace!r} "
                "are encrypted. Set the keys of the other workers. To store payloads unencrypted "
                "from now on, stop all workers and run: "
                f"temporal schedule delete --schedule-id {SCHEDULE_ID}"
            )
        if recorded["payloads"] != payloads:
            await client.get_schedule_handle(SCHEDULE_ID).update(lambda given: _renote(given, note))
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise WorkerError(f"the record of keys cannot be read: {error.message}") from error
        log.warning("keys could not be compared with other workers", reason=error.message)


async def _read_or_create(client: Client, note: str) -> dict[str, str]:
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            "NeverStarted", id=f"{SCHEDULE_ID}-never-started", task_queue=SCHEDULE_ID
        ),
        spec=ScheduleSpec(),
        state=ScheduleState(paused=True, note=note),
    )
    try:
        await client.create_schedule(SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:
        description = await client.get_schedule_handle(SCHEDULE_ID).describe()
        note = description.schedule.state.note or ""
    found = _NOTE.search(note)
    if found is None:
        raise WorkerError(
            f"the note of schedule {SCHEDULE_ID} in namespace {client.namespace!r} was changed and "
            "is no record of keys: delete the schedule"
        )
    return found.groupdict()


def _renote(given: ScheduleUpdateInput, note: str) -> ScheduleUpdate:
    schedule = given.description.schedule
    schedule.state.note = note
    return ScheduleUpdate(schedule)
