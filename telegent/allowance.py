"""The arithmetic of the vendor's request limit: what may be sent when.

Pure: time is an argument.
"""

import heapq
import math
from dataclasses import dataclass, field

BURST_SHARE = 0.4
"""The share of the limit that may leave at once after a quiet time. The rest is spread over the
window, so that an urgent request does not wait until the whole window has passed."""
MAX_STRIKES = 3
"""429s without a success between them after which the limit is lowered, however little was used."""
SUSPICION_WINDOWS = 2
"""Windows within which a second 429 lowers the limit, if half of it or more was in use each time.
A single one may have another cause."""
MAX_RAISE_WINDOWS = 8
"""Windows at most between two raises of a lowered limit."""


@dataclass
class Allowance:
    """How many requests the vendor still permits: at most `limit` in any `window` seconds.

    The vendor counts a request between its departure and its response. It therefore occupies its
    place from its departure until `window` seconds after its response: whatever the network delays,
    no window at the vendor contains more.

    Args:
        limit: Requests in any window, as set.
        window: Seconds.

    Attributes:
        effective: Requests in any window that are sent; fewer than `limit` after a 429.
        expiries: When requests with a response leave the window, each with how many they are; a
            heap.
        settled: How many these are.
        in_flight: Requests without a response, and those that were permitted to others.
        paced_until: When a request may leave if the rest leaves evenly.
        paused_until: Nothing leaves before.
        lowered_at: When a 429 has lowered `effective`, or when it was raised again.
        raise_windows: After how many windows without a 429 it is raised.
        rejected_at: When the last 429 came.
        suspected_at: When the last came while half of the limit or more was in use.
        strikes: 429s since the last success.
    """

    limit: int
    window: float = 60.0
    effective: int = 0
    expiries: list[tuple[float, int]] = field(default_factory=list)
    settled: int = 0
    in_flight: int = 0
    paced_until: float = 0.0
    paused_until: float = 0.0
    lowered_at: float = 0.0
    raise_windows: int = 1
    rejected_at: float = 0.0
    suspected_at: float = 0.0
    strikes: int = 0

    def __post_init__(self) -> None:
        if self.limit < 1 or self.window <= 0:
            raise ValueError(
                f"limit ({self.limit}) must be 1 or more, window ({self.window}) more than 0"
            )
        self.effective = self.effective or self.limit

    def next_at(self, now: float, count: int = 1) -> float | None:
        """When `count` requests may leave; None: only after a response that is outstanding."""
        self._expire(now)
        self._raise(now)
        burst = max(0.0, BURST_SHARE * self.effective - count) * self._interval
        earliest, even = max(now, self.paused_until), self.paced_until - burst
        excess = self.in_flight + self.settled + count - self.effective
        # Usually it may leave before the first expires, and they need not be sorted.
        if excess <= 0 and (not self.expiries or max(earliest, even) <= self.expiries[0][0]):
            return max(earliest, even)
        for at, expiring in [*sorted(self.expiries), (math.inf, 0)]:
            if excess <= 0 and max(earliest, even) <= at:
                return max(earliest, even)
            excess -= expiring
            even -= expiring * self._interval
            earliest = max(earliest, at)
        return None

    def take(self, at: float, count: int = 1) -> None:
        """Let `count` requests leave at `at`, which is not before `next_at`."""
        self.in_flight += count
        self.paced_until = max(self.paced_until, at) + count * self._interval

    def settle(self, at: float, count: int = 1) -> None:
        """Note that `count` requests had their responses by `at`."""
        self.in_flight -= count
        self.settled += count
        self.strikes = 0
        heapq.heappush(self.expiries, (at + self.window, count))

    def give_back(self, count: int = 1) -> None:
        """Note that `count` requests were not sent."""
        self.in_flight -= count
        self.paced_until -= count * self._interval

    def pause(self, until: float) -> None:
        """Let nothing leave before `until`, and then no burst."""
        self.paused_until = max(self.paused_until, until)
        burst = BURST_SHARE * self.effective * self._interval
        self.paced_until = max(self.paced_until, until + burst)

    def reject(self, now: float, sent_at: float) -> None:
        """Adapt to a 429 for a request that was sent at `sent_at`, before it is settled.

        The limit becomes what had a response in the last window: that is what the vendor permits.
        """
        self._expire(now)
        if sent_at <= self.rejected_at:
            # It left before the last 429 was known, and says nothing new.
            return
        half_used = 2 * self.settled >= self.effective
        again = now - self.suspected_at <= SUSPICION_WINDOWS * self.window
        self.rejected_at = now
        self.suspected_at = now if half_used else self.suspected_at
        self.strikes += 1
        if self.strikes >= MAX_STRIKES or (half_used and again):
            self.effective = max(1, min(self.effective, self.settled))
            self.lowered_at = now
            self.raise_windows = min(MAX_RAISE_WINDOWS, 2 * self.raise_windows)

    def set_limit(self, limit: int, window: float) -> None:
        """Change the setting."""
        if (limit, window) != (self.limit, self.window):
            self.limit, self.window, self.effective = limit, window, limit
            self.paced_until = 0.0

    @property
    def _interval(self) -> float:
        """Seconds between requests that leave evenly."""
        return self.window / ((1 - BURST_SHARE) * self.effective)

    def _expire(self, now: float) -> None:
        while self.expiries and self.expiries[0][0] <= now:
            count = heapq.heappop(self.expiries)[1]
            self.settled -= count
            # Its place may be taken at once: what was spread over one window stays so in the next.
            self.paced_until -= count * self._interval

    def _raise(self, now: float) -> None:
        """Raise a lowered limit by a tenth, in time: more rarely each time that this fails."""
        if self.effective == self.limit:
            return
        if now - self.lowered_at >= self.raise_windows * self.window:
            self.effective = min(self.limit, self.effective + max(1, self.limit // 10))
            self.lowered_at = now
            if self.effective == self.limit:
                self.raise_windows = 1
