"""The servers that are compared: as in deploy/, and each with one thing changed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from devstack.temporal_on_postgresql import DYNAMIC_CONFIG, ServerOptions

Values = Mapping[str, object]
"""Dynamic configuration by key; None stands for the server's default."""


@dataclass(frozen=True)
class Variant:
    """A server that differs from that of deploy/.

    Attributes:
        name: In the tables.
        changes: Of its dynamic configuration.
        shards: Number of its history shards.
    """

    name: str
    changes: Values = field(default_factory=dict)
    shards: int = ServerOptions().shards

    def options(self, directory: Path) -> ServerOptions:
        """The options of the server, whose dynamic configuration is written to this directory."""
        config = yaml.safe_load(DYNAMIC_CONFIG.read_text("utf-8"))
        for key, value in self.changes.items():
            config.pop(key, None)
            if value is not None:
                config[key] = [{"value": value}]
        path = directory / (re.sub(r"\W+", "-", self.name) + ".yaml")
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        return ServerOptions(path, self.shards)


AS_DEPLOYED = Variant("as in deploy/")
THROUGHPUT = (
    AS_DEPLOYED,
    Variant(
        "search attributes cached",
        {"system.forceSearchAttributesCacheRefreshOnRead": None},
    ),
    Variant(
        "queues polled up to 1000 times a second",
        {
            "history.transferProcessorMaxPollRPS": 1000,
            "history.timerProcessorMaxPollRPS": 1000,
            "history.visibilityProcessorMaxPollRPS": 1000,
            "history.timerProcessorMaxTimeShift": "1ms",
        },
    ),
    Variant("64 shards", shards=64),
    Variant("no worker heartbeats", {"frontend.WorkerHeartbeatsEnabled": False}),
)
ORDER = (
    AS_DEPLOYED,
    Variant(
        "four partitions",
        {
            "matching.numTaskqueueReadPartitions": None,
            "matching.numTaskqueueWritePartitions": None,
        },
    ),
    Variant("no fairness", {"matching.enableFairness": None}),
)
SEARCHES = (
    AS_DEPLOYED,
    Variant("ten searches a second", {"frontend.namespaceRPS.visibility": None}),
)
