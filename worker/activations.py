"""A workflow runner that sees each activation, which is what the SDK asks of a workflow, before it.

The SDK has no interceptor at this place.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

Activate: TypeAlias = Callable[[WorkflowActivation], WorkflowActivationCompletion]
"""Handles an activation of one instance of a workflow."""


class ActivationRunner(WorkflowRunner):
    """Runs workflows with another runner, behind what `wrap` returns."""

    def __init__(self, runner: WorkflowRunner) -> None:
        """Creates the runner; `runner` runs the workflows."""
        self._runner = runner

    @abstractmethod
    def wrap(self, activate: Activate, det: WorkflowInstanceDetails) -> Activate:
        """Returns what handles the activations of an instance, with its own `activate`."""

    def prepare_workflow(self, defn: Any) -> None:
        """Called by Temporal for each workflow of a worker."""
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(
        self, types: Sequence[type[BaseException]]
    ) -> None:
        """Called by Temporal for each worker."""
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Called by Temporal for each run that is not in the cache."""
        instance = self._runner.create_instance(det)
        # Mypy knows no other parameter names of a method than those that it is defined with.
        instance.activate = self.wrap(instance.activate, det)  # type: ignore[method-assign, assignment]
        return instance
