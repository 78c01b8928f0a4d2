"""The command `tgo`: onboardings and port-ins from a terminal.

Needs `pip install 'telegent-orchestrator[cli]'`. From a checkout: `python -m
telegent_orchestrator.cli`.
"""

import importlib.util
import sys
import time

NEEDED = ("typer", "rich", "cryptography", "pygal", "jinja2")


def main() -> int:
    """Run the command line; gives an `ExitStatus`."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"tgo needs {', '.join(missing)}: pip install 'telegent-orchestrator[cli]'",
            file=sys.stderr,
        )
        return 2
    status = importlib.import_module("telegent_orchestrator.cli.app").run()
    # Threads of the Temporal SDK may still be ending. When the interpreter goes away under them,
    # the process aborts with status 134 instead of ours; a short rest avoids that.
    time.sleep(0.1)
    return int(status)
