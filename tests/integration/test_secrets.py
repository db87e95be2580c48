"""A real worker with secrets from providers: they are used, they rotate, and nobody ever says them."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from services.process import ServiceError, wait_for
from services.worker import BarnabasWorker

KAFKA = "org.apache.kafka.common.config.provider."
HOMES = Path(__file__).parent / "homes"


class Place:
    """A worker, the files its secrets are in, and every answer it gave."""

    def __init__(self, folder, bootstrap):
        self.folder = folder
        self.file = folder / "secrets" / "db.properties"
        self.file.parent.mkdir()
        self.secrets = []
        (folder / "lease").mkdir()
        self.lease("value", "lease")
        self.rotate()
        settings = {
            "plugin.path": HOMES,
            "bootstrap.servers": "${env:BOOTSTRAP}",
            "config.providers": "file,dir,env,lease",
            "config.providers.file.class": f"{KAFKA}FileConfigProvider",
            "config.providers.file.param.allowed.paths": self.file.parent,
            "config.providers.file.param.reload.ms": "300",
            "config.providers.dir.class": f"{KAFKA}DirectoryConfigProvider",
            "config.providers.env.class": f"{KAFKA}EnvVarConfigProvider",
            "config.providers.env.param.allowlist.pattern": "BOOT.*|SHOWN",
            "config.providers.lease.class": "secretive:Lease",
            "config.providers.lease.param.folder": folder / "lease",
            "config.providers.lease.param.token": self.lease("own", "token"),
            "producer.client.id": "${lease:value:x}",
            "consumer.client.rack": "${vault:x:y}",
            "connector.call.timeout.ms": "2500",
            "task.restart.enabled": "false",
        }
        os.environ["BOOTSTRAP"] = bootstrap
        os.environ["SHOWN"] = "shown-value-1"
        self.secrets.append(os.environ["SHOWN"])
        self.worker = BarnabasWorker(folder, bootstrap, settings)
        self.answers = []

    def rotate(self):
        secret = f"pw-{uuid.uuid4().hex[:12]}"
        self.secrets.append(secret)
        new = self.file.with_suffix(".new")
        new.write_text(f"password={secret}\npin={secret[::-1]}\n")
        self.secrets.append(secret[::-1])
        new.rename(self.file)
        return secret

    def lease(self, name, secret):
        secret = f"{secret}-{uuid.uuid4().hex[:12]}"
        self.secrets.append(secret)
        new = self.folder / "lease" / f"{name}.new"
        new.write_text(secret)
        new.rename(self.folder / "lease" / name)
        return secret

    def config(self, name, **more):
        return {
            "connector.class": "LeakySource",
            "name": name,
            "topic": f"secrets-{name}-{uuid.uuid4().hex[:6]}",
            "db.password": f"${{file:{self.file}:password}}",
            "pin": f"${{file:{self.file}:pin}}",
            "url": f"jdbc:postgresql://joe:${{file:{self.file}:password}}@db:5432/x?user=joe",
            "shown": "${env:SHOWN}",
            **{key.replace("_", "."): value for key, value in more.items()},
        }

    def request(self, method, path, body=None):
        status, answer = self.worker.request(method, path, body)
        self.answers.append((method, path, json.dumps(answer)))
        return status, answer

    def put(self, name, **more):
        config = self.config(name, **more)
        return config, *self.request("PUT", f"/connectors/{name}/config", config)

    def status(self, name):
        return self.request("GET", f"/connectors/{name}/status")[1]

    def state(self, name):
        status = self.status(name)
        return [status["connector"]["state"], *(task["state"] for task in status["tasks"])]

    def log(self):
        return self.worker.log.read_text(errors="replace")

    def check(self):
        """Nobody ever said one."""
        for name in ("connectors?expand=status&expand=info", "connector-plugins", "barnabas/tasks"):
            self.request("GET", f"/{name}")
        self.check_said()

    def check_said(self):
        log = self.log()
        for secret in self.secrets:
            assert secret not in log, [line for line in log.splitlines() if secret in line][:3]
            for method, path, text in self.answers:
                assert secret not in text, (method, path, text)


@pytest.fixture(scope="module")
def place(embedded_broker, tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("secrets"), embedded_broker.bootstrap)
    with place.worker:
        wait_for(lambda: place.request("GET", "/health")[0] == 200, 20, "the end of the start")
        yield place
    assert (place.folder / "lease" / "closed").exists()
    place.check_said()


@pytest.fixture(autouse=True)
def nothing_is_said(place):
    yield
    place.check()


def test_values_are_used_and_placeholders_shown(place, embedded_broker):
    config, status, answer = place.put("fine")
    assert status == 201
    assert answer["config"] == config
    wait_for(lambda: place.state("fine") == ["RUNNING", "RUNNING"], 20, "running")
    assert place.request("GET", "/connectors/fine/config")[1] == config
    assert place.request("GET", "/connectors/fine")[1]["config"] == config
    task = place.request("GET", "/connectors/fine/tasks")[1][0]["config"]
    assert {key: task[key] for key in config} == config
    assert task["derived"] == f"jdbc://joe:{config['db.password']}@db"
    assert task["copied"] == config["pin"]
    consumer = Consumer(
        {"bootstrap.servers": embedded_broker.bootstrap, "group.id": "s", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([config["topic"]])
    deadline = time.monotonic() + 20
    while (message := consumer.poll(1)) is None or message.error():
        assert time.monotonic() < deadline
    consumer.close()
    assert message.value() == b"shown-value-1"  # what is data is data
    assert "connecting with [hidden] to jdbc:postgresql://joe:[hidden]@db:5432/x" in place.log()


@pytest.mark.parametrize("where", ["task_start", "poll"])
def test_a_task_that_tells_its_password(place, where):
    name = f"tells-{where}"
    place.put(name, fail=where)
    wait_for(lambda: place.state(name)[1:] == ["FAILED"], 20, "failure")
    trace = place.status(name)["tasks"][0]["trace"]
    assert "cannot connect with [hidden] and [hidden] to jdbc:postgresql://joe:[hidden]@db" in trace
    place.request("DELETE", f"/connectors/{name}")


@pytest.mark.parametrize("where", ["start", "task_configs"])
def test_a_connector_that_tells_its_password(place, where):
    name = f"tells-{where}"
    _, status, answer = place.put(name, fail=where)
    assert status == 500
    assert "cannot connect with [hidden]" in answer["message"]
    assert "cannot connect with [hidden]" in place.status(name)["connector"]["trace"]
    place.request("DELETE", f"/connectors/{name}")


def test_inline_secrets_of_any_name(place):
    """Literal ones: stored and shown as given, and said by nobody else."""
    literal = f"literal-{uuid.uuid4().hex[:12]}"
    config = {**place.config("inline", fail="poll"), "db.password": literal, "pin": literal[::-1], "url": ""}
    assert place.worker.request("PUT", "/connectors/inline/config", config)[0] == 201
    wait_for(lambda: place.state("inline")[1:] == ["FAILED"], 20, "failure")
    log, status = place.log(), json.dumps(place.status("inline"))
    for secret in (literal, literal[::-1]):
        assert secret not in log
        assert secret not in status
    place.request("DELETE", "/connectors/inline")


def test_validation_shows_no_value(place):
    config = place.config("v", tasks_max="${env:SHOWN}")
    status, answer = place.request("PUT", "/connector-plugins/LeakySource/config/validate", config)
    assert status == 200
    values = {entry["value"]["name"]: entry["value"] for entry in answer["configs"]}
    assert values["url"]["value"] == config["url"]
    assert values["db.password"]["value"] == "[hidden]"
    assert values["tasks.max"]["value"] in (None, "${env:SHOWN}")
    assert values["tasks.max"]["errors"]
    status, answer = place.put("v", tasks_max="${env:SHOWN}")[1:]
    assert status == 400
    assert "configuration tasks.max" in answer["message"]


def test_a_changed_secret_restarts_connector_and_tasks(place):
    place.put("rotating", pin="${lease:value:x}")
    wait_for(lambda: place.state("rotating") == ["RUNNING", "RUNNING"], 20, "running")
    started = place.log().count("[rotating|task-0] task_start:")
    time.sleep(1)
    assert place.log().count("[rotating|task-0] task_start:") == started  # asked again, and nothing had changed
    for change in (place.rotate, lambda: place.lease("value", "lease")):
        started = place.log().count("[rotating|task-0] task_start:")
        change()
        wait_for(lambda before=started: place.log().count("[rotating|task-0] task_start:") > before, 20, "a restart")
        wait_for(lambda: place.state("rotating") == ["RUNNING", "RUNNING"], 20, "running")
    place.request("DELETE", "/connectors/rotating")


def test_a_task_that_failed_is_started_again_with_the_values_of_now(place):
    """Without any reload: the password is changed, the task fails, and heals by itself."""
    folder = place.folder / "dir"
    folder.mkdir()
    (folder / "pw").write_text(place.lease("dir", "first"))
    settings = {"expected": f"{folder}/pw", "task.restart.enabled": "true", "task.restart.backoff.initial.ms": "100"}
    place.put("healing", db_password=f"${{dir:{folder}:pw}}", **settings)
    wait_for(lambda: place.state("healing") == ["RUNNING", "RUNNING"], 20, "running")
    (folder / "pw").write_text(place.lease("dir", "second"))
    wait_for(lambda: "Task healing-0 failed" in place.log(), 20, "failure")
    wait_for(lambda: place.state("healing") == ["RUNNING", "RUNNING"], 20, "running")
    failures = place.log().count("Task healing-0 failed")
    time.sleep(1)
    assert place.log().count("Task healing-0 failed") == failures
    place.request("DELETE", "/connectors/healing")


def test_a_task_sees_a_new_value_when_it_asks(place):
    folder = place.folder / "asks"
    folder.mkdir()
    (folder / "pw").write_text(first := place.lease("asks", "first"))
    settings = {"write.configs.to": f"{folder}/seen", "config.action.reload": "none"}
    place.put("asking", db_password=f"${{dir:{folder}:pw}}", **settings)
    seen = folder / "seen"
    wait_for(lambda: seen.exists() and seen.read_text() == first, 20, "the first value")
    (folder / "pw").write_text(second := place.lease("asks", "second"))
    wait_for(lambda: seen.read_text() == second, 20, "the second value")
    (folder / "pw").write_bytes(b"\xff")
    wait_for(lambda: place.state("asking")[1] == "FAILED", 20, "failure")
    assert f"Could not read file {folder}/pw for property pw" in place.status("asking")["tasks"][0]["trace"]
    place.request("DELETE", "/connectors/asking")


def test_a_wrong_path_is_a_clear_error(place):
    wrong = f"{place.file.parent}/missing.properties"
    config, status, answer = place.put("wrong", pin=f"${{file:{wrong}:pin}}")
    assert status == 500
    assert f"Could not read properties from file {wrong}" in answer["message"]
    place.put("wrong")
    wait_for(lambda: place.state("wrong") == ["RUNNING", "RUNNING"], 20, "running")
    place.file.rename(place.file.with_suffix(".gone"))
    try:
        place.request("POST", "/connectors/wrong/restart?includeTasks=true")
        wait_for(lambda: place.state("wrong") == ["FAILED", "FAILED"], 20, "failure")
        status = place.status("wrong")
        for part in (status["connector"], *status["tasks"]):
            assert f"Could not read properties from file {place.file}" in part["trace"]
            assert "check the path" in part["trace"]
    finally:
        place.file.with_suffix(".gone").rename(place.file)
    assert place.put("wrong")[1] == 200
    wait_for(lambda: place.state("wrong") == ["RUNNING", "RUNNING"], 20, "running")
    place.request("DELETE", "/connectors/wrong")
    assert config["name"] == "wrong"


def test_a_path_that_is_not_allowed_is_not_read(place):
    outside = place.folder / "outside.properties"
    outside.write_text("password=outside-value")
    (place.file.parent / "link.properties").symlink_to(outside)
    for path in (outside, place.file.parent / ".." / "outside.properties", place.file.parent / "link.properties"):
        config, status, _ = place.put("outside", pin=f"${{file:{path}:password}}")
        assert status in (200, 201)
        assert f"pin: {config['pin']} stays as it is" in place.log()
    assert "outside-value" not in place.log()
    place.request("DELETE", "/connectors/outside")


def test_a_provider_that_hangs_or_dies_hurts_only_who_asks_it(place):
    place.put("healthy", pin="${lease:value:x}")
    for how in ("hang", "exit"):
        began = time.monotonic()
        status, answer = place.put(f"bad-{how}", pin=f"${{lease:{how}:x}}")[1:]
        assert status == 500
        assert "provider lease" in answer["message"]
        assert time.monotonic() - began < 8
        assert place.state("healthy")[0] == "RUNNING"
    assert place.put("after", pin="${lease:value:x}")[1] == 201
    for name in ("healthy", "after"):
        place.request("DELETE", f"/connectors/{name}")


def test_a_file_system_that_does_not_answer_hurts_only_who_reads_it(place):
    stuck = place.file.parent / "stuck.properties"
    os.mkfifo(stuck)  # whoever opens it to read waits for ever
    place.put("beside")
    answers = []
    asking = threading.Thread(target=lambda: answers.append(place.put("stuck", pin=f"${{file:{stuck}:pin}}")[1:]))
    began = time.monotonic()
    asking.start()
    while asking.is_alive():
        asked = time.monotonic()
        assert place.request("GET", "/connectors/beside/status")[0] == 200
        assert time.monotonic() - asked < 1
        time.sleep(0.1)
    asking.join()
    assert time.monotonic() - began < 8
    assert answers[0][0] == 500
    assert f"Configuration provider file did not read {stuck} within 2.5 s." in answers[0][1]["message"]
    assert place.put("after-stuck")[1] == 201
    for name in ("beside", "after-stuck"):
        place.request("DELETE", f"/connectors/{name}")


def test_an_error_of_a_provider_arrives_without_its_secret(place):
    place.lease("fail", "own")
    status, answer = place.put("failing", pin="${lease:fail:x}")[1:]
    assert status == 500
    assert "cannot log in with [hidden]" in answer["message"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"client.id": "${file:/no/such/file:x}"}, "Could not read properties from file /no/such/file"),
        ({"config.providers.file.class": "com.example.Vault"}, "Class com.example.Vault could not be found"),
        ({"config.providers.file.param.allowed.paths": "x"}, "config.providers.file.param.allowed.paths: Path x"),
        ({"config.providers.file.class": "nowhere:Nothing"}, "Class nowhere:Nothing could not be found"),
    ],
)
def test_a_worker_with_wrong_providers_says_so(embedded_broker, tmp_path, more, said):
    settings = {"config.providers": "file", "config.providers.file.class": f"{KAFKA}FileConfigProvider", **more}
    worker = BarnabasWorker(tmp_path, embedded_broker.bootstrap, settings)
    with pytest.raises(ServiceError, match="exit code 2"):
        worker.start()
    assert said in worker.log.read_text()
    assert "Traceback" not in worker.log.read_text()


def test_literal_placeholders_in_a_worker_file_are_named(place):
    lines = [line for line in place.log().partition("Kafka cluster ID")[0].splitlines() if "stays as it is" in line]
    assert len(lines) == 1
    assert "consumer.client.rack: ${vault:x:y} stays as it is, because no provider of the name vault is in" in lines[0]
