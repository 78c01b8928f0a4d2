"""How Temporal tells our builds apart, and which of them an open workflow goes on with."""

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

DEFAULT_DEPLOYMENT_NAME = "telegent-orchestrator"


def build_deployment_config(build_id: str, name: str = "") -> WorkerDeploymentConfig:
    """This build, as a version of the Worker Deployment `name`; without a name, versioning is off.

    With versioning every workflow moves to the current build with its next task. None is pinned to
    the build that started it: a port-in is open for weeks, and an onboarding and its lines are open
    as long as their port-ins, so each old build would have to run for weeks beside the new one.
    That builds take over from each other is what the recorded histories show
    (docs/how-to/changing-workflows.md).
    """
    behavior = VersioningBehavior.AUTO_UPGRADE if name else VersioningBehavior.UNSPECIFIED
    return WorkerDeploymentConfig(
        # Named also when versioning is off: else the SDK hashes every loaded module at start.
        version=WorkerDeploymentVersion(name or DEFAULT_DEPLOYMENT_NAME, build_id),
        use_worker_versioning=bool(name),
        default_versioning_behavior=behavior,
    )


UNVERSIONED = build_deployment_config("dev")
