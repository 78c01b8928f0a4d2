"""The check that all workers of a namespace have the same keys.

Two workers with different id keys would open two port-ins of one number, and a worker without
payload keys would store unencrypted payloads next to encrypted ones. The first worker records its
keys in the namespace, see `telegent_orchestrator.key_record`.
"""

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
from telegent_orchestrator.key_record import KEYS_SCHEDULE_ID, KeyRecord, id_key_fingerprint
from worker.errors import WorkerError

DELETE_RECORD = f"temporal schedule delete --schedule-id {KEYS_SCHEDULE_ID}"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def require_same_keys(
    client: Client, id_key: str, payload_keys: Sequence[PayloadKey]
) -> None:
    """Compare this worker's keys with the record in its namespace, which the first worker creates.

    Raises:
        WorkerError: The id key differs, or payloads are encrypted and this worker has none of the
            payload keys.
    """
    ours = KeyRecord(id_key_fingerprint(id_key), tuple(key.label for key in payload_keys))
    try:
        recorded = await _read_or_create(client, ours)
        _require_agreement(ours, recorded, client.namespace)
        if recorded != ours:
            # A ring that a rotation has changed, or encryption that was switched on.
            handle = client.get_schedule_handle(KEYS_SCHEDULE_ID)
            await handle.update(lambda given: _renote(given, ours.note))
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise WorkerError(f"the record of keys cannot be read: {error.message}") from error
        log.warning("keys could not be compared with other workers", reason=error.message)


def _require_agreement(ours: KeyRecord, recorded: KeyRecord, namespace: str) -> None:
    if recorded.id_key != ours.id_key:
        raise WorkerError(
            f"TELEGENT_ID_KEY (fingerprint {ours.id_key}) differs from that of the other workers "
            f"of namespace {namespace!r} (fingerprint {recorded.id_key}), so that one number could "
            "have two port-ins. Set the same key. To change the key, wait until no port-in is "
            f"open, stop all workers and run: {DELETE_RECORD}"
        )
    if recorded.payload_keys and not ours.payload_keys:
        raise WorkerError(
            f"TELEGENT_PAYLOAD_KEYS is not set, but payloads in namespace {namespace!r} are "
            f"encrypted (with {recorded.shown_payload_keys}). Set the keys of the other workers. "
            "To store payloads unencrypted from now on, stop all workers and run: "
            f"{DELETE_RECORD}"
        )
    if recorded.payload_keys and not {*ours.payload_keys} & {*recorded.payload_keys}:
        raise WorkerError(
            f"TELEGENT_PAYLOAD_KEYS ({ours.shown_payload_keys}) has none of the keys of the other "
            f"workers of namespace {namespace!r} ({recorded.shown_payload_keys}), so that this "
            "worker could not read their workflows. Add one of their keys. To abandon all "
            f"workflows under the other keys, stop all workers and run: {DELETE_RECORD}"
        )


async def _read_or_create(client: Client, ours: KeyRecord) -> KeyRecord:
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            "NeverStarted", id=f"{KEYS_SCHEDULE_ID}-never-started", task_queue=KEYS_SCHEDULE_ID
        ),
        spec=ScheduleSpec(),
        state=ScheduleState(paused=True, note=ours.note),
    )
    try:
        await client.create_schedule(KEYS_SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:
        description = await client.get_schedule_handle(KEYS_SCHEDULE_ID).describe()
        recorded = KeyRecord.parse(description.schedule.state.note or "")
        if recorded is None:
            raise WorkerError(
                f"the note of schedule {KEYS_SCHEDULE_ID} in namespace {client.namespace!r} was "
                "changed and is no record of keys: delete the schedule"
            ) from None
        return recorded
    return ours


def _renote(given: ScheduleUpdateInput, note: str) -> ScheduleUpdate:
    schedule = given.description.schedule
    schedule.state.note = note
    return ScheduleUpdate(schedule)
