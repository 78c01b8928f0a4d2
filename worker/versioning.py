"""The build's identity in Temporal, and which build continues an open workflow."""

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

DEFAULT_DEPLOYMENT_NAME = "telegent-orchestrator"


def build_deployment_config(build_id: str, name: str = "") -> WorkerDeploymentConfig:
    """This build as a version of the Worker Deployment `name`; without a name, versioning is off.

    With versioning every workflow moves to the current build with its next task. No workflow is
    pinned to the build that started it: a port-in is open for weeks, and an onboarding and its
    lines are open as long as their port-ins, so each old build would have to run for weeks. The
    recorded histories prove that builds can take over from each other (docs/how-to/changing-
    workflows.md).
    """
    behavior = VersioningBehavior.AUTO_UPGRADE if name else VersioningBehavior.UNSPECIFIED
    return WorkerDeploymentConfig(
        # Set even if versioning is off: otherwise the SDK hashes every loaded module at start.
        version=WorkerDeploymentVersion(name or DEFAULT_DEPLOYMENT_NAME, build_id),
        use_worker_versioning=bool(name),
        default_versioning_behavior=behavior,
    )


UNVERSIONED = build_deployment_config("dev")
