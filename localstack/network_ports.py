"""Which port each process listens on."""

import os
import random
import socket
from dataclasses import dataclass, fields
from itertools import islice

from localstack.processes import StackError

HOST = "127.0.0.1"
# Below what systems hand out by themselves: the Temporal server takes some of those for its inner
# parts, and would now and then take one that was free a moment ago.
PORT_RANGE = range(20_000, 32_000)
# Whoever was given a port may take seconds to listen on it.
_allocated: set[int] = set()


@dataclass(frozen=True)
class NetworkPorts:
    """Where each process listens on the loopback address; `worker` answers health checks."""

    temporal: int
    ui: int
    simulator: int
    codec: int
    worker: int

    @classmethod
    def allocate(cls, **fixed: int) -> "NetworkPorts":
        """Free ports, all different, except those given."""
        names = [field.name for field in fields(cls) if field.name not in fixed]
        return cls(**fixed, **dict(zip(names, free_ports(len(names)), strict=True)))

    def require_free(self) -> None:
        """Raise StackError with a line for each port that cannot be listened on, and its option."""
        unavailable = [
            f"port {port} cannot be used ({bind_error}): end what listens there, or choose another "
            f"with --{name}-port"
            for name, port in vars(self).items()
            if (bind_error := _bind_error(port))
        ]
        if unavailable:
            raise StackError("\n".join(unavailable))


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now; this process gets each of them only once."""
    order = random.sample(PORT_RANGE, len(PORT_RANGE))
    found = list(islice((p for p in order if p not in _allocated and not _bind_error(p)), count))
    _allocated.update(found)
    return found


def _bind_error(port: int) -> str | None:
    """Why nothing can listen on this port, or None."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    return None
