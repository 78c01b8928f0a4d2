import shutil
import sysconfig
from pathlib import Path

from localstack.network_ports import free_ports


def temporal_binary() -> str:
    # An environment that is not activated has its scripts off the PATH.
    here = Path(sysconfig.get_path("scripts")) / "temporal"
    found = str(here) if here.exists() else shutil.which("temporal")
    assert found, "the temporal binary is not installed"
    return found


def free_port() -> int:
    return free_ports(1)[0]
