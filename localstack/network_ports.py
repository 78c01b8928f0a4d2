"""Which port each process listens on."""

import os
import random
import socket
from dataclasses import dataclass, fields
from itertools import islice

from localstack.processes import DemoError

HOST = "127.0.0.1"
# Below what systems hand out by themselves: the Temporal server takes some of those for its inner
# parts, and would now and then take one that was free a moment ago.
UNASSIGNED = range(20_000, 32_000)
# Whoever was given a port may take seconds to listen on it.
_given: set[int] = set()


@dataclass(frozen=True)
class Ports:
    """Where each process listens on the loopback address; `worker` answers health checks."""

    temporal: int
    ui: int
    simulator: int
    codec: int
    worker: int

    @classmethod
    def free(cls, **fixed: int) -> "Ports":
        """Free ports, all different, except those given."""
        names = [field.name for field in fields(cls) if field.name not in fixed]
        return cls(**fixed, **dict(zip(names, free_ports(len(names)), strict=True)))

    def require_free(self) -> None:
        """Raise DemoError with a line for each port that cannot be listened on, and its option."""
        taken = [
            f"port {port} cannot be used ({obstacle}): end what listens there, or choose another "
            f"with --{name}-port"
            for name, port in vars(self).items()
            if (obstacle := _obstacle(port))
        ]
        if taken:
            raise DemoError("\n".join(taken))


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now; this process gets each of them only once."""
    order = random.sample(UNASSIGNED, len(UNASSIGNED))
    found = list(islice((p for p in order if p not in _given and not _obstacle(p)), count))
    _given.update(found)
    return found


def _obstacle(port: int) -> str | None:
    """Why nothing can listen on this port, or None."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    return None
