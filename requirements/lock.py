"""Pins the newest versions of everything in requirements/*.in, with hashes: `make lock`.

The lock names no index, so that it installs from whichever registry or mirror pip is set up for.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OPTIONS = (
    "--generate-hashes",
    "--universal",
    "--python-version=3.11",
    "--no-emit-index-url",
    "--no-annotate",
    "--no-header",
    "--upgrade",
)


def lock(name: str, *constraints: str) -> None:
    """Writes requirements/<name>.txt from requirements/<name>.in."""
    target = str(HERE / f"{name}.txt")
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", *OPTIONS, *constraints]
    source = str(HERE / f"{name}.in")
    subprocess.run([*command, source, "-o", target], check=True)  # noqa: S603 - all written here


if __name__ == "__main__":
    lock("dev")
    # The same versions for the image as for the tests.
    lock("runtime", "-c", str(HERE / "dev.txt"))
