"""Apache Avro for Java reads what we write, writes the same bytes, and prints schemas as we do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from avro_kit import converter, registered, schemas, values
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.missing import unavailable

# Avro 1.12.0 for Java keeps doubles in arrays as floats.
ROUNDED = re.compile(r'"items":(\{"type":)?"double"')
SOURCE = Path(__file__).parents[1] / "java" / "registry" / "AvroEcho.java"


@pytest.fixture(scope="module")
def echo(registry_libs, tmp_path_factory):
    """Sends lines through the Java program."""
    missing = [tool for tool in ("java", "javac") if shutil.which(tool) is None]
    if missing:
        unavailable(f"{', '.join(missing)} missing: install a JDK")
    classes = tmp_path_factory.mktemp("avro-java")
    libraries = f"{registry_libs / 'lib'}/*"
    subprocess.run(["javac", "-cp", libraries, "-d", classes, SOURCE], check=True)

    def run(lines):
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{libraries}", "AvroEcho"],
            input="".join(f"{line}\n" for line in lines).encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout.decode().splitlines()

    return run


def test_schemas_and_data_of_all_kinds(echo):
    cases = []

    @given(schemas(), st.data())
    @settings(max_examples=120, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
    def collect(schema, data):
        made = converter()
        message = made.from_connect("t", schema, data.draw(values(schema)))
        text = registered(made).text
        if message is not None and len(text.splitlines()) == 1 and not ROUNDED.search(text):
            cases.append(f"{text}\t{message[5:].hex()}")

    collect()
    assert len(cases) > 60
    assert [*map(parsed, echo(cases))] == [*map(parsed, cases)]


def parsed(line):
    """Members in their order; escapes and the forms of numbers are JSON's business, the order of maps Java's."""
    text, data = line.split("\t")
    bytes_ = bytes.fromhex(data)
    return json.loads(text, object_pairs_hook=list), sorted(bytes_) if '"type":"map"' in text else bytes_
