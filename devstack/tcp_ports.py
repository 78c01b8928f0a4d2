"""TCP ports of the local processes."""

import os
import random
import socket
from dataclasses import dataclass, fields
from itertools import islice

HOST = "127.0.0.1"
# Below the ephemeral range: the Temporal server takes ports from that range for its internal
# services, and would occasionally take one that was free a moment before.
PORT_RANGE = range(20_000, 32_000)
# A process may take seconds to listen on the port that it was given.
_allocated: set[int] = set()


@dataclass(frozen=True)
class TcpPorts:
    """Port of each process on the loopback address. `worker` serves the health checks."""

    temporal: int
    ui: int
    simulator: int
    codec: int
    worker: int

    @classmethod
    def allocate(cls, **fixed: int) -> "TcpPorts":
        """Free ports, all different, except for those that are given."""
        names = [field.name for field in fields(cls) if field.name not in fixed]
        return cls(**fixed, **dict(zip(names, free_ports(len(names)), strict=True)))

    def unavailable(self) -> dict[str, str]:
        """Why a process cannot listen, such as `port 7233: Address already in use`, by name."""
        return {
            name: f"port {port}: {error}"
            for name, port in vars(self).items()
            if (error := _bind_error(port))
        }


def free_ports(count: int) -> list[int]:
    """Ports that are free now. This process gets each port only once."""
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
