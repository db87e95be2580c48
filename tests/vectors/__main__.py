"""The vector runner: ``python -m tests.vectors DIR [FILE …] [--only KIND]``, from the root of the repository.

DIR holds any of converters.jsonl, values.jsonl, transforms.jsonl, predicates.jsonl, configdef.jsonl, timezone.jsonl and
offsets-file.json: answers recorded from Kafka Connect on the JVM. Every case is run here, each mismatch is printed with
what was expected and what came, and the last line is ``N passed, N failed``. Exit status 1 if any failed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that a module here has one name, in pytest and in this program

from vectors.runner import run_files


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vectors", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("files", nargs="*", metavar="FILE", help="names in DIR; all that are there if none is given")
    parser.add_argument("--only", metavar="KIND", help="converter, header_converter, values, projector, transform, …")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is no folder")
    passed, failed = run_files(arguments.folder, arguments.files, arguments.only)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
