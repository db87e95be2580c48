"""The build of the compiled part: what it says where it cannot be built."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

hatch_build = pytest.importorskip("hatch_build")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src" / "barnabas").mkdir(parents=True)
    (tmp_path / "native").mkdir()
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def stale(checkout: Path) -> Path:
    library = checkout / "src" / "barnabas" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    library.write_bytes(b"of older sources")
    return library


def test_no_compiler_is_one_line(checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    library = stale(checkout)
    monkeypatch.setenv("CC", "/nonexistent/cc -O3")
    assert hatch_build.compiled(checkout) is None
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "there is no compiler /nonexistent/cc" in said
    assert not library.exists()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="no compiler"):
        hatch_build.compiled(checkout)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_the_first_error_is_said(checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    (checkout / "native" / "bad.c").write_text("int wrong = ;\n")
    monkeypatch.setenv("CC", "gcc")
    assert hatch_build.compiled(checkout) is None
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "bad.c:1" in said


def test_it_can_be_switched_off() -> None:
    code = "import barnabas._columns as c, sys; sys.exit(c.native is not None)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"BARNABAS_NATIVE": "0"})
