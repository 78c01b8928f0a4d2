"""Which port each process listens on."""

import socket
from dataclasses import dataclass

from demo.processes import DemoError

HOST = "127.0.0.1"


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
        names = [name for name in cls.__dataclass_fields__ if name not in fixed]
        # Open all at once, or the same port could be given twice.
        sockets = {name: socket.create_server((HOST, 0)) for name in names}
        try:
            found = {name: open_.getsockname()[1] for name, open_ in sockets.items()}
        finally:
            for open_ in sockets.values():
                open_.close()
        return cls(**fixed, **found)


def require_free(ports: Ports) -> None:
    """Raise DemoError with a line for each port that somebody else listens on."""
    taken = []
    for name in ("temporal", "ui", "simulator", "codec"):
        port: int = getattr(ports, name)
        try:
            socket.create_server((HOST, port)).close()
        except OSError as error:
            taken.append(
                f"port {port} cannot be used ({error.strerror}): end what listens there, or "
                f"choose another with --{name}-port"
            )
    if taken:
        raise DemoError("\n".join(taken))
