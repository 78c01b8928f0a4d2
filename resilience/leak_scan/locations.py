"""Where to look, and what may be read there."""

from collections.abc import Mapping
from dataclasses import dataclass

from resilience.leak_scan.canaries import CANARIES, Canary, Kind
from resilience.leak_scan.encodings import Finder

NOTHING: frozenset[Kind] = frozenset()
PERSONAL: frozenset[Kind] = frozenset({Kind.PERSONAL})


@dataclass(frozen=True)
class Place:
    """One place, as whoever has no key finds it, but for those that `may_show` something.

    `sign` is always in it: without it the wrong thing, or nothing, was looked through.
    `stored`: it holds what goes through Temporal, which must be found there without keys.
    """

    name: str
    what: str
    sign: bytes
    may_show: frozenset[Kind] = NOTHING
    stored: bool = False

    def forbids(self, canary: Canary) -> bool:
        """Whether this must not be found here."""
        return canary.kind not in self.may_show


DATABASE = Place(
    "database",
    "Temporal's database file and its journal as they lie on disk, and every row read from them",
    b"onboarding-canary-1",
    stored=True,
)
HISTORIES = Place(
    "histories",
    "the history of every workflow, exported by a client without keys",
    b"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
    stored=True,
)
UI = Place(
    "UI",
    "pages and API of the Temporal UI (lists, descriptions, histories, current details, queries), "
    "without codec server",
    b"queryResult",
    stored=True,
)
LOGS = Place(
    "logs",
    "of Temporal, worker, webhook and codec server, at level DEBUG, with two crashes in them",
    b"Fatal Python error: Aborted",
)
CRASHES = Place(
    "crash output",
    "what each process prints that cannot start, for a fault in or beside a secret",
    b"TELEGENT_EVENT_URLS: entry 1: ",
)
METRICS = Place(
    "metrics",
    "/metrics of Temporal, worker and webhook, and every health page",
    b"telegent_webhook_events",
)
TRACES = Place("traces", "spans, as worker and webhook export them", b"RunActivity:")
EVENTS = Place(
    "events",
    "deliveries with their headers, as a receiver gets them; personal data are off",
    b"port-in.attention-required",
)
PROCESSES = Place(
    "processes", "command lines, which every user of the machine can read", b"codec-server"
)
KEYLESS = Place(
    "CLI, no keys",
    "what the command `telegent` prints without payload keys, mostly errors",
    b"canary-1",
)
LEDGER = Place(
    "ledger",
    "the simulated vendor's ledger and list of calls: what it gets is its own",
    b"portin.completed",
    PERSONAL | {Kind.SUBSCRIBERS},
)
ANSWERS = Place(
    "answers",
    "statuses, results, refusals and pages of workflows, and what `telegent` prints, with keys",
    b"HAS NO PIN ***",
    PERSONAL,
)
PLACES = (
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
    ANSWERS,
)

Left = Mapping[Place, bytes]
"""What was found at each place."""


@dataclass(frozen=True)
class Find:
    """Something that can be read where it must not be."""

    canary: Canary
    place: Place
    times: int
    around: str


def search(left: Left) -> list[Find]:
    """Every canary that can be read where it must not be."""
    finds = []
    for canary in CANARIES:
        finder = Finder(canary)
        for place, content in left.items():
            times = finder.count(content) if place.forbids(canary) else 0
            if times:
                finds.append(Find(canary, place, times, finder.around(content)))
    return finds


def blind_spots(left: Left, in_the_clear: Left) -> list[str]:
    """Why a search that finds nothing would show nothing.

    `left`: with payload keys; `in_the_clear`: without, and with phone numbers in events.
    """
    blind = [
        f"{place.name} has no {place.sign.decode()!r}, so it is not what was to be searched"
        for place, content in left.items()
        if place.sign not in content
    ]
    for canary in CANARIES:
        finder = Finder(canary)
        blind += [
            f"{canary.name} is not found in {place.name}, where it lies in the clear"
            for place, content in in_the_clear.items()
            if place.stored and canary.travels and not finder.count(content)
        ]
    if not any(Finder(c).count(in_the_clear[EVENTS]) for c in CANARIES if c.kind in PERSONAL):
        blind.append("no phone number is found in events that hold them")
    return blind
