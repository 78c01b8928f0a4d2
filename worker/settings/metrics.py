"""Where a process shows its metrics."""

from ipaddress import IPv4Address, IPv6Address

from pydantic import Field

from worker.settings.base import CommonSettings, Port


class MetricsSettings(CommonSettings):
    """The part of the settings that the worker and the webhook share."""

    metrics_host: IPv4Address | IPv6Address = Field(
        default=IPv4Address("127.0.0.1"),
        description="IP address that `GET /metrics` answers on; in a container `0.0.0.0`",
    )
    metrics_port: Port = Field(
        default=0,
        description="port for `GET /metrics`, for Prometheus; another one for each process on one "
        "machine; 0: off",
    )

    def metrics_address(self) -> str | None:
        """Address and port to listen on; None when metrics are off."""
        if not self.metrics_port:
            return None
        host = f"[{self.metrics_host}]" if self.metrics_host.version == 6 else self.metrics_host
        return f"{host}:{self.metrics_port}"
