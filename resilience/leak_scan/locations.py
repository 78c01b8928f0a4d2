"""The locations that are searched, and what may be readable there."""

from collections.abc import Mapping
from dataclasses import dataclass

from resilience.leak_scan.canaries import CANARIES, Canary, SecretKind
from resilience.leak_scan.encodings import Finder

NOTHING: frozenset[SecretKind] = frozenset()
PERSONAL: frozenset[SecretKind] = frozenset({SecretKind.PERSONAL})


@dataclass(frozen=True)
class Location:
    """One location, as read without payload keys unless `may_show` says otherwise.

    Attributes:
        marker: Bytes that it always contains; without them the wrong thing was searched.
        stored: Whether it holds payloads, where canaries must be found without encryption.
    """

    name: str
    description: str
    marker: bytes
    may_show: frozenset[SecretKind] = NOTHING
    stored: bool = False

    def forbids(self, canary: Canary) -> bool:
        """Whether this canary must not be readable here."""
        return canary.kind not in self.may_show


DATABASE = Location(
    "database",
    "Temporal's database file and its journal as they lie on disk, and every row read from them",
    b"onboarding-canary-1",
    stored=True,
)
HISTORIES = Location(
    "histories",
    "the history of every workflow, exported by a client without keys",
    b"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
    stored=True,
)
UI = Location(
    "UI",
    "pages and API of the Temporal UI (lists, descriptions, histories, current details, queries), "
    "without codec server",
    b"queryResult",
    stored=True,
)
LOGS = Location(
    "logs",
    "logs of Temporal, worker, webhook and codec server, at level DEBUG, with two crashes",
    b"Fatal Python error: Aborted",
)
CRASHES = Location(
    "crash output",
    "output of each process that cannot start because of an error in or near a secret",
    b"TELEGENT_EVENT_URLS: entry 1: ",
)
METRICS = Location(
    "metrics",
    "/metrics of Temporal, worker and webhook, and every health page",
    b"telegent_webhook_events",
)
TRACES = Location("traces", "spans, as worker and webhook export them", b"RunActivity:")
EVENTS = Location(
    "events",
    "deliveries with their headers, as a receiver gets them, without personal data",
    b"port-in.attention-required",
)
PROCESSES = Location(
    "processes", "command lines, which every user of the machine can read", b"codec-server"
)
KEYLESS = Location(
    "CLI, no keys",
    "output of `tgo` without payload keys, mostly errors",
    b"canary-1",
)
LEDGER = Location(
    "ledger",
    "the simulator's ledger and request log, which belong to the vendor",
    b"portin.completed",
    PERSONAL | {SecretKind.SUBSCRIBER},
)
DECRYPTED = Location(
    "decrypted",
    "statuses, results, rejections and details of workflows, and output of `tgo`, with keys",
    b"HAS NO PIN ***",
    PERSONAL,
)
LOCATIONS = (
    DATABASE,
    HISTORIES,
    UI,
    LOGS,
    CRASHES,
    METRICS,
    TRACES,
    EVENTS,
    PROCESSES,
    KEYLESS,
    LEDGER,
    DECRYPTED,
)

Artifacts = Mapping[Location, bytes]
"""The content of each location."""


@dataclass(frozen=True)
class Leak:
    """A canary that is readable where it must not be."""

    canary: Canary
    location: Location
    count: int
    context: str


def search(artifacts: Artifacts) -> list[Leak]:
    """Every canary that is readable where it must not be."""
    leaks = []
    for canary in CANARIES:
        finder = Finder(canary)
        for location, content in artifacts.items():
            count = finder.count(content) if location.forbids(canary) else 0
            if count:
                leaks.append(Leak(canary, location, count, finder.context(content)))
    return leaks


def coverage_gaps(artifacts: Artifacts, unencrypted: Artifacts) -> list[str]:
    """Reasons why a scan without finds proves nothing.

    Args:
        artifacts: Of the stack with payload keys.
        unencrypted: Of the stack without payload keys, and with phone numbers in events.
    """
    gaps = [
        f"{location.name} has no {location.marker.decode()!r}: something else was searched"
        for location, content in artifacts.items()
        if location.marker not in content
    ]
    for canary in CANARIES:
        finder = Finder(canary)
        gaps += [
            f"{canary.name} is not found in {location.name}, which has it unencrypted"
            for location, content in unencrypted.items()
            if location.stored and canary.in_payloads and not finder.count(content)
        ]
    if not any(Finder(c).count(unencrypted[EVENTS]) for c in CANARIES if c.kind in PERSONAL):
        gaps.append("no phone number is found in events that have them")
    return gaps
