"""Placeholders and providers, compared with Kafka's own classes."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from barnabas.config_providers import ThreadedSource, built_in, has_placeholder, provider_specs, transform
from barnabas.errors import BarnabasError

pytestmark = pytest.mark.kafka

PROGRAM = Path(__file__).parent / "Providers.java"


def java(kafka_libs, cases):
    command = ["java", "-Dlog4j2.level=OFF", "-cp", f"{kafka_libs / 'lib'}/*", str(PROGRAM)]
    text = "".join(json.dumps(case) + "\n" for case in cases)
    environment = {**os.environ, "SHOWN_ONE": "one", "SHOWN_TWO": "two: ${file:x:y}"}
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, env=environment)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]


async def ours(case):
    props = {"config.providers": ",".join(case["providers"])}
    for name, provider in case["providers"].items():
        props[f"config.providers.{name}.class"] = f"org.apache.kafka.common.config.provider.{provider['class']}"
        props |= {f"config.providers.{name}.param.{key}": value for key, value in provider["params"].items()}
    answer = {"placeholders": sorted(key for key, value in case["config"].items() if has_placeholder(value))}
    try:
        sources = {name: ThreadedSource(name, built_in(spec), 10) for name, spec in provider_specs(props).items()}
        answer["config"] = (await transform(case["config"], sources)).props
    except BarnabasError as error:
        answer["error"] = error.message
    return answer


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOWN_ONE", "one")
    monkeypatch.setenv("SHOWN_TWO", "two: ${file:x:y}")
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "f.properties").write_bytes("a=1\nb: ${file:x}\nü = ä\\u00e9 \nc\\:d=colon\nempty\na=2\n".encode())
    (folder / "latin.properties").write_bytes(b"a=\xff")
    (folder / "a").write_text("file a\n")
    (folder / "b.txt").write_bytes("ü\r\n".encode())
    (folder / "sub").mkdir()
    (tmp_path / "allowed2").mkdir()
    (tmp_path / "allowed2" / "f.properties").write_text("a=outside\n")
    return tmp_path


def provider(kind, **params):
    return {"class": f"{kind}ConfigProvider", "params": {key.replace("_", "."): value for key, value in params.items()}}


def cases_of(places):
    folder = places / "allowed"
    file = f"{folder}/f.properties"
    free = {"file": provider("File"), "dir": provider("Directory"), "env": provider("EnvVar")}
    allowed = {
        "file": provider("File", allowed_paths=f"{folder}"),
        "dir": provider("Directory", allowed_paths=f"{places}/x/../allowed,{places}/allowed/sub"),
        "env": provider("EnvVar", allowlist_pattern="SHOWN_(?!TWO)\\w+"),
    }
    texts = [
        *(f"${{file:{file}:{key}}}" for key in ("a", "b", "ü", "c:d", "empty", "nope", "")),
        *(f"${{dir:{folder}:{key}}}" for key in ("a", "b.txt", "sub", "nope")),
        *("${env:SHOWN_ONE}", "${env:SHOWN_TWO}", "${env:NOPE_NOPE}", "${env::SHOWN_ONE}", "${nope:a:b}"),
        *("${file:a}", "${file::a}", "${dir:x}", "${file:/no/such:a}", f"${{file:{folder}:a}}", f"${{dir:{file}:a}}"),
        *(f"${{file:{folder}/latin.properties:a}}", "${env:x:y}", "${dir:/no/such:a}"),
        *(f"${{file:{folder}/../allowed/f.properties:a}}", f"${{file:{folder}/../allowed2/f.properties:a}}"),
        *(f"${{file:{places}/allowed2/f.properties:a}}", f"${{dir:{places}/allowed2:f.properties}}"),
        f"x${{file:{file}:a}}y${{file:{file}:a}}${{env:SHOWN_ONE}}$z${{}}",
    ]
    return [{"providers": providers, "config": {"k": text}} for providers in (free, allowed) for text in texts]


def random_cases(places, count):
    rng = random.Random(7)
    file = f"{places}/allowed/f.properties"
    parts = [
        "${",
        "}",
        ":",
        "$",
        "{",
        "file",
        "env",
        "SHOWN_ONE",
        file,
        "a",
        "b",
        "\n",
        "\\",
        "x",
        " ",
        f"${{file:{file}:a}}",
    ]
    providers = {"file": provider("File", allowed_paths=str(places)), "env": provider("EnvVar")}
    for _ in range(count):
        config = {str(n): "".join(rng.choices(parts, k=rng.randrange(12))) for n in range(3)}
        yield {"providers": providers, "config": {**config, "null": None}}


async def test_the_same_as_kafka(kafka_libs, places):
    wrong = {"providers": {"file": provider("File", allowed_paths="x")}, "config": {}}
    cases = [*cases_of(places), *random_cases(places, 1000), wrong]
    answers = java(kafka_libs, cases)
    assert len(answers) == len(cases)
    different = []
    for case, theirs in zip(cases, answers, strict=True):
        mine = await ours(case)
        if mine != theirs:
            different.append((case["config"], mine, theirs))
    assert not different
