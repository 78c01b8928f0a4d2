"""`python -m telegent_orchestrator.cli`: the command `telegent` without an installation."""

import sys

from telegent_orchestrator.cli import main

sys.exit(main())
