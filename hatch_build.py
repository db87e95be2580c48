"""Builds the compiled part of Barnabas, ``barnabas._native``, out of ``native/*.c``; the build backend calls it.

It is optional: without a compiler, or on another interpreter, one line says so and everything works, only slower. With
``CI=true`` in the environment a build that fails is an error. ``BARNABAS_NATIVE=0`` leaves it out.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FLAGS = ("-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-DNDEBUG", "-Wall", "-Wextra")


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the shared library beside the sources, from where an editable install loads it, and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by the build backend before it collects files; ``version`` is the kind of build."""
        if self.target_name != "wheel" or os.environ.get("BARNABAS_NATIVE") == "0":
            return
        made = compiled(Path(self.root))
        if made is None:
            return
        if version != "editable":
            build_data["force_include"][str(made)] = f"barnabas/{made.name}"
            build_data["pure_python"] = False
            build_data["infer_tag"] = True


def compiled(root: Path) -> Path | None:
    """The shared library, made anew; ``None``, and a line on standard error, where that cannot be done.

    Raises:
        SystemExit: it cannot be done, and ``CI=true``.
    """
    target = root / "src" / "barnabas" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    fresh = target.with_suffix(f".{os.getpid()}")
    sources = sorted(map(str, (root / "native").glob("*.c")))
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    headers = sysconfig.get_paths()["include"]
    reason = None
    if sys.implementation.name != "cpython" or os.name != "posix":
        reason = "only CPython on POSIX systems is known"
    elif not Path(headers, "Python.h").exists():
        reason = f"{headers}/Python.h is missing; Debian, Ubuntu: apt-get install python3-dev"
    else:
        try:
            subprocess.run(  # noqa: S603  the compiler that Python was built with, or that CC names
                [*compiler, *_FLAGS, f"-I{headers}", *sources, "-o", str(fresh)], check=True, capture_output=True
            )
            fresh.replace(target)  # at once: a process that has the old one mapped keeps it
        except FileNotFoundError:
            reason = f"there is no compiler {compiler[0]}"
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").splitlines()
            reason = next((line for line in said if "error" in line), said[-1] if said else "the compiler failed")
    if reason is None:
        return target
    fresh.unlink(missing_ok=True)
    target.unlink(missing_ok=True)
    text = f"Barnabas without its compiled part, which makes transforms and JSON faster: {reason}."
    if os.environ.get("CI") == "true":
        raise SystemExit(text)
    print(text, file=sys.stderr)  # noqa: T201  read by whoever builds
    return None
