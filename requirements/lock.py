"""Pin the newest versions of everything in requirements/*.in, with hashes: `make lock`.

The result is one universal lock for every supported Python and platform. It names no index, so it
installs from whichever registry or mirror pip is configured for.
"""

import shutil
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
    """Write requirements/<name>.txt from requirements/<name>.in."""
    target = str(HERE / f"{name}.txt")
    found = shutil.which("uv")
    uv = [found] if found else [sys.executable, "-m", "uv"]
    command = [*uv, "pip", "compile", "--quiet", *OPTIONS, *constraints]
    source = str(HERE / f"{name}.in")
    subprocess.run([*command, source, "-o", target], check=True)  # noqa: S603 - all written here


if __name__ == "__main__":
    lock("dev")
    # The image, the documentation and the benchmarks use the versions that the tests use.
    lock("runtime", "-c", str(HERE / "dev.txt"))
    lock("docs", "-c", str(HERE / "dev.txt"))
    lock("bench", "-c", str(HERE / "dev.txt"))
