from __future__ import annotations

import logging
import os

import pytest

from barnabas.config_providers.directory import DirectoryConfigProvider
from barnabas.config_providers.env_var import EnvVarConfigProvider
from barnabas.config_providers.file import FileConfigProvider
from barnabas.errors import ConfigError


def made(provider, **params):
    provider.configure({key.replace("_", "."): str(value) for key, value in params.items()})
    return provider


@pytest.fixture
def secrets_file(tmp_path):
    file = tmp_path / "allowed" / "db.properties"
    file.parent.mkdir()
    file.write_text("user = joe\npassword: pässwörd\\u0021\nempty=\n", encoding="utf-8")
    return file


def test_file_gives_the_properties_asked_for(secrets_file):
    provider = made(FileConfigProvider())
    assert provider.get(str(secrets_file), ["password", "nope"]).data == {"password": "pässwörd!"}
    assert provider.get(str(secrets_file)).data == {"user": "joe", "password": "pässwörd!", "empty": ""}
    assert provider.get(str(secrets_file)).ttl_ms is None
    assert provider.get("", ["x"]).data == {}


@pytest.mark.parametrize("what", ["missing", "directory", "latin-1", "nul"])
def test_file_that_cannot_be_read(tmp_path, what):
    path = tmp_path / ("a\0b" if what == "nul" else "f")
    if what == "directory":
        path.mkdir()
    elif what == "latin-1":
        path.write_bytes(b"a=\xff")
    with pytest.raises(ConfigError) as caught:
        made(FileConfigProvider()).get(str(path), ["a"])
    assert caught.value.code == "BRN-1080"
    assert caught.value.remedy
    if what != "nul":
        assert caught.value.message == f"Could not read properties from file {path}"


def test_malformed_properties_fail(tmp_path):
    file = tmp_path / "f"
    file.write_text("a=\\u12")
    with pytest.raises(ConfigError):
        made(FileConfigProvider()).get(str(file), ["a"])


@pytest.mark.parametrize("provider", [FileConfigProvider, DirectoryConfigProvider])
def test_allowed_paths(provider, secrets_file, tmp_path, caplog):
    folder = secrets_file.parent
    path = folder if provider is DirectoryConfigProvider else secrets_file
    outside = tmp_path / "allowed-not"
    outside.mkdir()
    (outside / "db.properties").write_text("user=x")
    (folder / "link").symlink_to(outside)
    allowed = made(provider(), allowed_paths=f"{tmp_path / 'allowed' / '..' / 'allowed'},{tmp_path}/allowed")
    assert allowed.get(str(path)).data
    assert allowed.get(f"{folder}/../allowed" + ("" if path is folder else "/db.properties")).data
    file = "" if path is folder else "/db.properties"
    for wrong in (f"{outside}{file}", f"{folder}/../allowed-not{file}", f"{folder}/link{file}", f"allowed{file}"):
        caplog.clear()
        assert allowed.get(wrong).data == {}, wrong
        assert "not allowed" in caplog.text


def test_a_link_out_of_a_folder_is_not_read(tmp_path):
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "outside").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "..data").mkdir()
    (folder / "..data" / "key").write_text("as in Kubernetes")
    (folder / "key").symlink_to("..data/key")
    assert made(DirectoryConfigProvider(), allowed_paths=folder).get(str(folder)).data == {"key": "as in Kubernetes"}
    assert "link" in made(DirectoryConfigProvider()).get(str(folder)).data


def test_the_allowed_path_may_be_a_link_or_a_file(secrets_file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(secrets_file.parent)
    assert made(FileConfigProvider(), allowed_paths=link).get(f"{link}/db.properties", ["user"]).data
    one = made(FileConfigProvider(), allowed_paths=secrets_file)
    assert one.get(str(secrets_file), ["user"]).data
    assert not one.get(f"{secrets_file}.bak", ["user"]).data


@pytest.mark.parametrize(("paths", "why"), [("relative/path", "not absolute"), ("/does/not/exist", "does not exist")])
def test_wrong_allowed_paths(paths, why):
    with pytest.raises(ConfigError, match=why) as caught:
        made(FileConfigProvider(), allowed_paths=paths)
    assert caught.value.code == "BRN-1081"


def test_directory(tmp_path, caplog):
    (tmp_path / "a").write_text("one\n")
    (tmp_path / "b").write_text("two")
    (tmp_path / "sub").mkdir()
    provider = made(DirectoryConfigProvider(), reload_ms=50)
    assert provider.get(str(tmp_path), ["a", "sub", "nope"]).data == {"a": "one\n"}
    assert provider.get(str(tmp_path)).data == {"a": "one\n", "b": "two"}
    assert provider.get(str(tmp_path)).ttl_ms == 50
    assert provider.get("").data == {}
    assert provider.get(str(tmp_path / "a")).data == {}
    assert "is not a directory" in caplog.text
    (tmp_path / "b").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=f"Could not read file {tmp_path}/b for property b"):
        provider.get(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_directory_without_permission(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir(mode=0)
    with pytest.raises(ConfigError, match="Could not list directory"):
        made(DirectoryConfigProvider()).get(str(folder))


def test_environment():
    environment = {"DB_PASSWORD": "x", "DB_USER": "u", "HOME": "h", "MY_DB_": "m"}
    assert made(EnvVarConfigProvider(environment)).get("", ["HOME", "NOPE"]).data == {"HOME": "h"}
    some = made(EnvVarConfigProvider(environment), allowlist_pattern="DB_.*")
    assert some.get("").data == {"DB_PASSWORD": "x", "DB_USER": "u"}
    with pytest.raises(ConfigError, match="Path is not supported for EnvVarConfigProvider, invalid value 'p'"):
        some.get("p", ["HOME"])
    with pytest.raises(ConfigError) as caught:
        made(EnvVarConfigProvider(environment), allowlist_pattern="(")
    assert caught.value.key == "allowlist.pattern"
    assert made(EnvVarConfigProvider(environment), allowlist_pattern="\\p{Upper}{4}").get("").data == {"HOME": "h"}


@pytest.mark.parametrize("text", ["soon", "0", "-1", "1.5"])
def test_reload_is_a_number(text):
    with pytest.raises(ConfigError) as caught:
        made(EnvVarConfigProvider({}), reload_ms=text)
    assert caught.value.code == "BRN-1087"


def test_no_value_is_logged(secrets_file, caplog):
    caplog.set_level(logging.DEBUG)
    made(FileConfigProvider(), allowed_paths=secrets_file.parent).get(str(secrets_file))
    assert "pässwörd" not in caplog.text
