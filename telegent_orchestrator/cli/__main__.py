"""`python -m telegent_orchestrator.cli`: the command `tgo` without an installation."""

import sys

from telegent_orchestrator.cli import main

sys.exit(main())
