"""The command `tgo`: onboardings, port-ins and bulk jobs from a terminal.

Needs the extra `cli` of this package: from a checkout `pip install '.[cli]'`. Without an
installation: `python -m telegent_orchestrator.cli`.
"""

import importlib.util
import sys
import time

REQUIRED_LIBRARIES = ("typer", "rich", "cryptography", "holidays", "phonenumbers", "zipcodes")


def main() -> int:
    """Run the command line; returns an `ExitStatus`."""
    missing = [name for name in REQUIRED_LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"tgo needs {', '.join(missing)}: install this package with its extra [cli], for "
            "example from a checkout: pip install '.[cli]'",
            file=sys.stderr,
        )
        return 2
    status = importlib.import_module("telegent_orchestrator.cli.app").run()
    # A native thread of the Temporal SDK that ends while the interpreter shuts down aborts the
    # process with status 134: see Orchestrator.aclose.
    time.sleep(0.1)
    return int(status)
