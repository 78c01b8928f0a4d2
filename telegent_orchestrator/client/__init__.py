"""The typed client for services that start and steer workflows."""

from telegent_orchestrator.client._client import (
    MessageRejectedError as MessageRejectedError,
    OnboardingHandle as OnboardingHandle,
    OnboardingIncompleteError as OnboardingIncompleteError,
    OnboardingProgress as OnboardingProgress,
    Orchestrator as Orchestrator,
    PortInHandle as PortInHandle,
)
