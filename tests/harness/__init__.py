"""What tests share: Temporal, a simulator, workers, payloads, receivers, and how to wait.

A test imports helpers from here or from its own folder, never from another test.
"""

from tests.harness.environment import (
    FAST_TIMINGS,
    SETTINGS,
    Harness,
    cancel_delivered,
    dev_server,
    example_request,
    idle_harness,
    new_namespace,
    running_harness,
    terminate_running,
    workflow_task_failures,
)

__all__ = [
    "FAST_TIMINGS",
    "SETTINGS",
    "Harness",
    "cancel_delivered",
    "dev_server",
    "example_request",
    "idle_harness",
    "new_namespace",
    "running_harness",
    "terminate_running",
    "workflow_task_failures",
]
