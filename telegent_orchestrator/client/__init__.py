"""The typed client for services that start and steer workflows."""

from telegent_orchestrator.client._client import MessageRejectedError as MessageRejectedError
from telegent_orchestrator.client._client import OnboardingHandle as OnboardingHandle
from telegent_orchestrator.client._client import (
    OnboardingIncompleteError as OnboardingIncompleteError,
)
from telegent_orchestrator.client._client import OnboardingProgress as OnboardingProgress
from telegent_orchestrator.client._client import Orchestrator as Orchestrator
from telegent_orchestrator.client._client import PortInHandle as PortInHandle
