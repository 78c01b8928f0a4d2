"""The arithmetic of the vendor's request limit: what may be sent when.

Pure: time is an argument.
"""

import heapq
import math
from dataclasses import dataclass, field

BURST_SHARE = 0.4
"""The share of the limit that may leave at once after a quiet time. The rest is spread over the
window, so that an urgent request does not wait until the whole window has passed."""
SUSPICION_WINDOWS = 2
"""Windows within which several 429s lower the limit. A single one may have another cause."""
MAX_REJECTIONS = 3
"""429s within these windows after which the limit is lowered, however little was used. The second
is enough if half of the limit or more was in use each time, or if the limit was just raised."""
REJECTED_SHARE = 0.1
"""429s for each response in the last window that it takes, too, while less than half of the limit
is in use: of many requests that were permitted, a few that were not had another cause."""
MAX_RAISE_WINDOWS = 8
"""Windows at most before a lowered limit is tried again."""


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
        lowered_at: When a 429 has lowered `effective`.
        raised_at: When `limit` was tried again.
        raise_windows: After how many windows it is tried again.
        rejections: When the latest 429s came.
        suspected_at: When the last came while half of the limit or more was in use.
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
    raised_at: float = 0.0
    raise_windows: int = 1
    rejections: list[float] = field(default_factory=list)
    suspected_at: float = 0.0

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
        heapq.heappush(self.expiries, (at + self.window, count))

    def give_back(self, count: int = 1) -> None:
        """Note that `count` requests were not sent."""
        self.in_flight -= count
        self.paced_until -= count * self._interval

    def pause(self, until: float) -> None:
        """Let nothing leave before `until`, and then no burst."""
        self.paused_until = max(self.paused_until, until)
        self._spread(until)

    def reject(self, now: float, sent_at: float) -> None:
        """Adapt to a 429 for a request that was sent at `sent_at`, before it is settled.

        The limit becomes what had a response in the last window: that is what the vendor permits.
        """
        self._expire(now)
        if self.rejections and sent_at <= self.rejections[-1]:
            # It left before the last 429 was known, and says nothing new.
            return
        since = now - SUSPICION_WINDOWS * self.window
        self.rejections = [*(at for at in self.rejections if at >= since), now]
        half_used = 2 * self.settled >= self.effective
        suspicious = (half_used and self.suspected_at >= since) or self.raised_at >= since
        self.suspected_at = now if half_used else self.suspected_at
        enough: float = 2 if suspicious else MAX_REJECTIONS
        if not half_used:
            enough = max(enough, REJECTED_SHARE * self.settled)
        if len(self.rejections) >= enough:
            self._lower(now, failed=self.raised_at >= since)

    def set_limit(self, limit: int, window: float) -> None:
        """Change the setting."""
        if (limit, window) != (self.limit, self.window):
            self.limit, self.window, self.effective = limit, window, limit
            self.rejections, self.paced_until = [], 0.0

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

    def _spread(self, since: float) -> None:
        """Let requests leave evenly from `since` on, without a burst."""
        burst = BURST_SHARE * self.effective * self._interval
        self.paced_until = max(self.paced_until, since + burst)

    def _lower(self, now: float, *, failed: bool) -> None:
        """Lower the limit; `failed`: because it was tried again."""
        self.effective = max(1, min(self.effective, self.settled))
        self.lowered_at, self.rejections = now, [now]
        self.raise_windows = min(MAX_RAISE_WINDOWS, 2 * self.raise_windows) if failed else 1

    def _raise(self, now: float) -> None:
        """Try the limit as set again, in time: more rarely each time that this fails."""
        if self.effective == self.limit:
            return
        if now - self.lowered_at >= self.raise_windows * self.window:
            self.effective, self.raised_at = self.limit, now
            self._spread(now)
