"""Typed client for services that start, watch, correct and cancel workflows."""

from telegent_orchestrator.client._calls import MessageRejectedError, RequestConflictError
from telegent_orchestrator.client._failing_calls import FailingCall
from telegent_orchestrator.client._polling import OnUnavailable
from telegent_orchestrator.client.bulk import BulkClient, BulkConflictError, BulkHandle
from telegent_orchestrator.client.executions import (
    Execution,
    ExecutionFilter,
    ExecutionList,
    Executions,
    ExecutionStatus,
    WorkflowKind,
)
from telegent_orchestrator.client.line_change_sets import (
    LineChangeSetClient,
    LineChangeSetHandle,
)
from telegent_orchestrator.client.line_changes import (
    LineChangeClient,
    LineChangeFailedError,
    LineChangeHandle,
)
from telegent_orchestrator.client.onboarding import (
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
)
from telegent_orchestrator.client.orchestrator import Orchestrator
from telegent_orchestrator.client.plan import PlanHandle, PlanProgress
from telegent_orchestrator.client.port_in import PortInHandle
from telegent_orchestrator.client.port_out import PortOutClient, PortOutHandle
from telegent_orchestrator.client.portability import PortabilityClient, PortabilityProgress
from telegent_orchestrator.client.reconcile import ReconcileClient, ReconcileHandle
from telegent_orchestrator.client.usage import UsageClient, UsageHandle

__all__ = [
    "BulkClient",
    "BulkConflictError",
    "BulkHandle",
    "Execution",
    "ExecutionFilter",
    "ExecutionList",
    "ExecutionStatus",
    "Executions",
    "FailingCall",
    "LineChangeClient",
    "LineChangeFailedError",
    "LineChangeHandle",
    "LineChangeSetClient",
    "LineChangeSetHandle",
    "MessageRejectedError",
    "OnUnavailable",
    "OnboardingHandle",
    "OnboardingIncompleteError",
    "OnboardingProgress",
    "Orchestrator",
    "PlanHandle",
    "PlanProgress",
    "PortInHandle",
    "PortOutClient",
    "PortOutHandle",
    "PortabilityClient",
    "PortabilityProgress",
    "ReconcileClient",
    "ReconcileHandle",
    "RequestConflictError",
    "UsageClient",
    "UsageHandle",
    "WorkflowKind",
]
