"""ConfigDef: parsing, validation, reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.config import (
    CaseInsensitiveValidString,
    CompositeValidator,
    ConfigDef,
    LambdaValidator,
    NonEmptyString,
    NonNull,
    Password,
    Recommender,
    Regex,
    Type,
    ValidList,
    ValidString,
    at_least,
    between,
    parse_value,
    to_text,
)
from barnabas.errors import ConfigError

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = [json.loads(line) for line in (VECTORS / "configdef.jsonl").read_text().splitlines()]


def find_java_class(name: str) -> str | None:
    return name if name == "java.lang.String" else None


def plain(node: dict[str, Any] | None) -> Any:
    if node is None:
        return None
    if node["t"] == "array":
        return [plain(item) for item in node["v"]]
    return {"int64": int, "float64": float}.get(node["t"], lambda v: v)(node["v"])


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    want, kind = case["expect"], Type[case["type"]]
    if "error" in want:
        with pytest.raises(ConfigError) as raised:
            parse_value("key", case["text"], kind, find_java_class)
        assert raised.value.message == want["error"]["message"]
        return
    value = parse_value("key", case["text"], kind, find_java_class)
    if "class_name" in want:
        assert value == want["class_name"]
        return
    if kind is Type.PASSWORD and value is not None:
        assert (value.value, to_text(value, kind)) == (want["string"], "[hidden]")
        return
    assert repr(value) == repr(plain(want["value"]))  # NaN equals nothing, and 1 is not 1.0
    assert to_text(value, kind) == want["string"]


@given(st.sampled_from(Type), st.text())
def test_any_text_is_a_value_or_an_error_with_its_key(kind: Type, text: str) -> None:
    failed: ConfigError | None = None
    try:
        value = parse_value("some.key", text, kind)
    except ConfigError as error:
        failed = error
    if failed is not None:
        assert failed.key == "some.key"
        assert failed.message.startswith("Invalid value")
    elif kind not in (Type.PASSWORD, Type.CLASS):
        assert repr(parse_value("some.key", to_text(value, kind), kind)) == repr(value)


CONFIG = (
    ConfigDef()
    .define(
        "topic",
        Type.STRING,
        importance="high",
        validator=NonEmptyString(),
        doc="Where lines go.",
        group="G",
        order_in_group=1,
    )
    .define("batch.size", Type.INT, default="2000", validator=at_least(1), doc="Lines | per batch.")
    .define("mode", Type.STRING, default="fast", validator=ValidString("fast", "safe"), importance="low")
    .define("secret", Type.PASSWORD, default=None, deprecated="Use a config provider.")
    .define("hidden", Type.LONG, default=0, internal=True)
)


def test_parsing_types_and_defaults() -> None:
    config = CONFIG.parse({"topic": " t ", "secret": "s3cret", "extra.a": "1", "extra.b": "2"})
    assert dict(config) == {"topic": "t", "batch.size": 2000, "mode": "fast", "secret": Password("s3cret"), "hidden": 0}
    assert config.prefixed("extra.") == {"a": "1", "b": "2"}
    assert config.originals["topic"] == " t "
    assert "s3cret" not in repr(config)
    assert config["secret"].value == "s3cret"
    with pytest.raises(KeyError, match="originals"):
        config["extra.a"]
    assert len(config) == 5


@pytest.mark.parametrize(
    ("props", "message", "remedy"),
    [
        ({}, 'Missing required configuration "topic" which has no default value.', "Set topic: Where lines go."),
        ({"topic": ""}, "Invalid value  for configuration topic: String must be non-empty", "leave the key out"),
        (
            {"topic": "t", "batch.size": "many"},
            "Invalid value many for configuration batch.size: Not a number of type INT",
            "whole number",
        ),
        (
            {"topic": "t", "batch.size": "0"},
            "Invalid value 0 for configuration batch.size: Value must be at least 1",
            "[1,...]",
        ),
        (
            {"topic": "t", "mode": "safer"},
            "Invalid value safer for configuration mode: String must be one of: fast, safe",
            "'safe'",
        ),
    ],
)
def test_the_first_problem_is_raised_with_its_remedy(props: dict[str, str], message: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as raised:
        CONFIG.parse(props)
    assert raised.value.message == message
    assert remedy in str(raised.value)


def test_validation_finds_everything() -> None:
    found = {value.name: value for value in CONFIG.validate({"batch.size": "x", "mode": "sofe"})}
    assert found["topic"].errors == ['Missing required configuration "topic" which has no default value.']
    assert len(found["batch.size"].errors) == 2  # not a number, and so null, which the range refuses
    assert len(found["mode"].errors) == 1
    assert found["secret"].errors == []


def test_recommendations_and_undefined_dependents() -> None:
    class Tables(Recommender):
        def valid_values(self, name: str, parsed: Any) -> list[str]:
            return [f"{parsed['database']}.{name}"]

        def visible(self, name: str, parsed: Any) -> bool:
            return parsed["database"] is not None

    definition = (
        ConfigDef()
        .define(
            "database", Type.STRING, default=None, dependents=["table", "ghost"], recommender=Recommender.of("a", "b")
        )
        .define("table", Type.STRING, default=None, recommender=Tables())
    )
    database, table, ghost = definition.validate({"database": "sales"})
    assert database.recommended_values == ["a", "b"]
    assert (table.recommended_values, table.visible) == (["sales.table"], True)
    assert (ghost.errors, ghost.visible) == (["ghost is referred in the dependents, but not defined."], False)
    assert definition.validate({})[1].visible is False


def test_the_reference_is_a_table() -> None:
    lines = CONFIG.markdown().splitlines()
    assert lines[2] == "| `topic` | string | *required* | non-empty string | high | Where lines go. |"
    assert "| `batch.size` | int | `2000` | [1,...] | medium | Lines \\| per batch. |" in lines
    assert any("**Deprecated**" in line for line in lines)
    assert "hidden" not in CONFIG.markdown()


def test_definitions_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="defined twice"):
        ConfigDef().define("a", Type.INT, default=1).define("a", Type.INT, default=1)
    with pytest.raises(ConfigError, match="at least 1"):
        ConfigDef().define("a", Type.INT, default=0, validator=at_least(1))
    with pytest.raises(ConfigError, match="Not a number"):
        ConfigDef().define("a", Type.INT, default="x")


def test_embedding_and_copying() -> None:
    made = ConfigDef(CONFIG).embed("transforms.a.", "Transforms: a", 3, CONFIG)
    assert made.keys["transforms.a.topic"].group == "Transforms: a: G"
    assert made.keys["transforms.a.mode"].order_in_group == 6  # as forms show them: by group, importance and name
    assert made.groups == ["G", "Transforms: a", "Transforms: a: G"]
    assert "transforms.a.topic" not in CONFIG.keys


@pytest.mark.parametrize(
    ("validator", "good", "bad"),
    [
        (between(1, 3), [1, 2, 3], [0, 4, None]),
        (ValidString("a", "b"), ["a"], ["A", None]),
        (CaseInsensitiveValidString("One"), ["ONE", "one"], ["two", None]),
        (NonNull(), [1, ""], [None]),
        (Regex(), ["a.*", None], ["(", "[", "*"]),
        (ValidList("a", "b"), [["a"], []], [["c"], ["a", "a"], None, [""]]),
        (ValidList(empty=False, null=True), [["x"], None], [[]]),
        (CompositeValidator(NonNull(), NonEmptyString()), ["x"], [None, ""]),
    ],
)
def test_validators(validator: Any, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        validator("k", value)
    for value in bad:
        with pytest.raises(ConfigError) as raised:
            validator("k", value)
        assert "k" in raised.value.message
    assert str(validator)


def test_your_own_check() -> None:
    def even(name: str, value: int) -> None:
        if value % 2:
            raise ConfigError(f"{name} must be even", key=name)

    definition = ConfigDef().define("n", Type.INT, validator=LambdaValidator(even, "an even number"))
    assert definition.parse({"n": "4"})["n"] == 4
    with pytest.raises(ConfigError, match="must be even"):
        definition.parse({"n": "5"})
    assert "an even number" in definition.markdown()


def test_classes() -> None:
    definition = ConfigDef().define("codec", Type.CLASS)
    assert definition.parse({"codec": "decimal.Decimal"})["codec"].__name__ == "Decimal"
    assert definition.parse({"codec": Path})["codec"] is Path
    for name in ("decimal.Nothing", "no.such.Thing", "Decimal", "decimal.MAX_PREC", ""):
        with pytest.raises(ConfigError, match="could not be found"):
            definition.parse({"codec": name})
    assert to_text(Password, Type.CLASS) == "barnabas._config.types.Password"


def test_a_class_whose_own_import_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        ConfigDef().define("codec", Type.CLASS).parse({"codec": "half_installed.Codec"})


def test_passwords_hide() -> None:
    secret = Password("x")
    assert f"{secret} {secret!r}" == "[hidden] [hidden]"
    assert secret == Password("x")
    assert hash(secret) == hash(Password("x"))
    assert parse_value("k", secret, Type.PASSWORD) is secret
    with pytest.raises(ConfigError) as raised:
        parse_value("k", 12345, Type.PASSWORD)
    assert "12345" not in raised.value.message
