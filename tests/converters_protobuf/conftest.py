"""Google's own compiler, to compare with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from services.missing import unavailable

VERSION = "4.29.3"


@pytest.fixture(scope="session")
def protoc() -> Path:
    """Google's compiler of .proto files, from Maven Central; kept beside what other tests fetch."""
    home = Path(os.environ.get("BARNABAS_CACHE") or Path.home() / ".cache" / "barnabas") / f"protoc-{VERSION}"
    program = home / f"protoc-{VERSION}-linux-x86_64.exe"
    if not program.exists():
        maven = shutil.which("mvn")
        if maven is None:
            unavailable("protoc: Maven is missing")
        done = subprocess.run(
            [
                maven,
                "-q",
                "dependency:copy",
                f"-Dartifact=com.google.protobuf:protoc:{VERSION}:exe:linux-x86_64",
                f"-DoutputDirectory={home}",
            ],
            capture_output=True,
            check=False,
            timeout=110,
        )
        if done.returncode or not program.exists():
            unavailable("protoc cannot be fetched")
    program.chmod(0o755)
    return program
