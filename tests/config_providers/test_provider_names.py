from __future__ import annotations

import asyncio
import threading
import time

import pytest

from barnabas.config_providers import ProviderHungError, ThreadedSource, built_in, provider_specs
from barnabas.config_providers.file import FileConfigProvider
from barnabas.errors import ConfigError
from barnabas.extension import ConfigData, ConfigProvider

JAVA = "org.apache.kafka.common.config.provider."


def declared(kind, **params):
    more = {f"config.providers.p.param.{key.replace('_', '.')}": value for key, value in params.items()}
    return provider_specs({"config.providers": " p ,", "config.providers.p.class": kind, **more})


@pytest.mark.parametrize(
    "name",
    [f"{JAVA}FileConfigProvider", "FileConfigProvider", "File", "barnabas.config_providers.file:FileConfigProvider"],
)
def test_names_of_ours(name, tmp_path):
    spec = declared(name, allowed_paths=str(tmp_path))["p"]
    assert spec.trusted
    assert spec.params == {"allowed.paths": str(tmp_path)}
    assert isinstance(built_in(spec), FileConfigProvider)


def test_all_three():
    assert all(declared(f"{JAVA}{kind}ConfigProvider")["p"].trusted for kind in ("File", "Directory", "EnvVar"))


def test_a_users_class():
    assert not declared("my.vault:Provider")["p"].trusted
    assert declared("my.vault.Provider")["p"].path == "my.vault.Provider"


@pytest.mark.parametrize("name", ["com.example.VaultConfigProvider", f"{JAVA}InternalProvider", "no such", "x-y:Z"])
def test_a_class_of_java_is_refused_by_its_key(name):
    with pytest.raises(ConfigError) as caught:
        declared(name)
    assert caught.value.key == "config.providers.p.class"
    assert "FileConfigProvider" in (caught.value.remedy or "")


def test_a_provider_without_a_class_is_left_out(caplog):
    assert provider_specs({"config.providers": "a,a"}) == {}
    assert caplog.text.count("config.providers.a.class is not set") == 1
    assert provider_specs({}) == {}


def test_a_wrong_setting_names_the_whole_key():
    with pytest.raises(ConfigError) as caught:
        built_in(declared("File", allowed_paths="x")["p"])
    assert caught.value.key == "config.providers.p.param.allowed.paths"


class Slow(ConfigProvider):
    def __init__(self):
        self.go = threading.Event()
        self.calls = 0

    def configure(self, props):
        raise NotImplementedError

    def get(self, path, keys=None):
        self.calls += 1
        if path == "bad":
            raise ConfigError("bad path")
        if path == "hang":
            self.go.wait(10)
        return ConfigData(dict.fromkeys(keys or (), path))


async def test_a_hanging_look_up_hurts_only_who_asks_for_it():
    provider = Slow()
    source = ThreadedSource("p", provider, 0.05)
    began = time.monotonic()
    hanging = [asyncio.create_task(source.get("hang", ["k"])) for _ in range(3)]
    assert (await source.get("fine", ["k"])).data == {"k": "fine"}
    for task in hanging:
        with pytest.raises(ProviderHungError, match=r"did not read hang within 0\.05 s") as caught:
            await task
        assert caught.value.code == "BRN-1085"
    with pytest.raises(ProviderHungError):
        await source.get("hang", ["k"])
    assert time.monotonic() - began < 5
    assert provider.calls == 2  # one thread is stuck, and all wait for that one
    provider.go.set()
    assert (await source.get("hang", ["k"])).data == {"k": "hang"}


async def test_errors_arrive_where_it_was_asked():
    source = ThreadedSource("p", Slow(), 5)
    with pytest.raises(ConfigError, match="bad path"):
        await source.get("bad", ["k"])
    assert (await source.get("x", ["k"])).data == {"k": "x"}


async def test_the_event_loop_is_not_blocked():
    provider = Slow()
    source = ThreadedSource("p", provider, 5)
    task = asyncio.create_task(source.get("hang", ["k"]))
    began = time.monotonic()
    await asyncio.sleep(0.01)
    assert time.monotonic() - began < 1
    provider.go.set()
    await task
