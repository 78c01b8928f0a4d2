"""Where a process serves its metrics."""

from ipaddress import IPv4Address, IPv6Address

from pydantic import Field

from worker.settings.base import CommonSettings, Port


class MetricsSettings(CommonSettings):
    """Settings that the worker and the webhook receiver share."""

    metrics_host: IPv4Address | IPv6Address = Field(
        default=IPv4Address("127.0.0.1"),
        description="IP address that `GET /metrics` listens on; in a container `0.0.0.0`",
    )
    metrics_port: Port = Field(
        default=0,
        description="port of `GET /metrics` for Prometheus, which must differ for each process of "
        "a machine; 0: off",
    )

    def metrics_address(self) -> str | None:
        """Host and port of the metrics, or None if they are off."""
        if not self.metrics_port:
            return None
        host = f"[{self.metrics_host}]" if self.metrics_host.version == 6 else self.metrics_host
        return f"{host}:{self.metrics_port}"
