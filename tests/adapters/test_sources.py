"""The operator's sources: what is understood, and what is refused with its place."""

from pathlib import Path

import pytest

from ebbtide.adapters.sources import MetricsSource, load_sources
from ebbtide.errors import InvalidInput


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "sources.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_one_line_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, "sources: {default: {url: 'http://prometheus:9090/'}}")
    source = load_sources(path)["default"]
    assert source.url == "http://prometheus:9090"
    assert (source.connect_timeout, source.timeout) == (3.05, 10.0)
    assert source.allows("anything")
    assert not source.partial_response
    assert not source.insecure_skip_verify


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = """
sources:
  default: {url: "http://prometheus:9090"}
  mimir:
    url: https://mimir.example/prometheus
    namespaces: [live-*, media]
    bearerTokenFile: /var/run/token
    caFile: /etc/ca.pem
    headers: {X-Scope-OrgID: "12"}
    connectTimeout: 500ms
    timeout: 1m
    partialResponse: true
    maxPoints: 11000
    concurrency: 8
    backfillConcurrency: 1
"""
    sources = load_sources(written(tmp_path, text))
    assert list(sources) == ["default", "mimir"]
    mimir = sources["mimir"]
    assert mimir.headers == {"X-Scope-OrgID": "12"}
    assert (mimir.connect_timeout, mimir.timeout) == (0.5, 60.0)
    assert [n for n in ("live", "live-eu", "media", "shop") if mimir.allows(n)] == [
        "live-eu",
        "media",
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("url: prometheus:9090", "2: sources.default.url: write an address"),
        ("url: 'http://a:b@c'", "2: sources.default.url: leave credentials"),
        ("url: 'http://c/?x=1'", "2: sources.default.url: leave credentials"),
        ("url: 'http://[c'", "2: sources.default.url: "),
        ("timeout: 10", "2: sources.default.timeout: 10 is not a duration"),
        ("timeout: 0s", "2: sources.default.timeout: has to be more than 0s"),
        ("maxPoints: 11001", "2: sources.default.maxPoints: has to be at most 11000"),
        ("retries: 3", "2: sources.default.retries: is not known here"),
        ("caFile:", "2: sources.default.caFile: is empty; give it a value, or leave it out"),
        ("insecureSkipVerify: 1", "2: sources.default.insecureSkipVerify: 1 is neither true nor"),
        ("headers: {Authorization: x}", "2: sources.default.headers: name bearerTokenFile"),
        ('headers: {X-A: "a\\nb"}', "2: sources.default.headers: 'X-A' or its value"),
        ("headers: {X A: b}", "2: sources.default.headers: 'X A' or its value"),
        ("{caFile: a, insecureSkipVerify: true}", "2: sources.default: caFile is of no use"),
        ("{bearerTokenFile: a, basicAuthFile: b}", "2: sources.default: name bearerTokenFile or"),
        ("{concurrency: 1, concurrency: 2}", "2: sources.default.concurrency: 'concurrency' is w"),
    ],
)
def test_a_wrong_field_is_refused_with_its_place(
    tmp_path: Path, settings: str, sentence: str
) -> None:
    inside = settings.removeprefix("{").removesuffix("}") if settings[0] == "{" else settings
    address = "" if inside.startswith("url") else "url: 'http://a', "
    path = written(tmp_path, f"sources:\n  default: {{{address}{inside}}}\n")
    with pytest.raises(InvalidInput) as refused:
        load_sources(path)
    assert str(refused.value).startswith(f"{path}:{sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("sources: {", ":1: ", id="not YAML"),
        pytest.param("", ": write one YAML document, not 0", id="empty"),
        pytest.param("a: 1\n---\nb: 2", ": write one YAML document, not 2", id="two"),
        pytest.param("other: 1", ":1: sources: is missing, and has to be there", id="other"),
        pytest.param(
            "sources: {default: {timeout: 5s}}",
            ":1: sources.default.url: is missing, and has to be there",
            id="no address",
        ),
        pytest.param("- 1", ":1: the file: [1] is not a map; write its fields", id="list"),
        pytest.param(b"\xff\xfe\xff", ": this is not text in UTF-8", id="binary"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidInput) as refused:
        load_sources(path)
    assert str(refused.value).startswith(f"{path}{sentence}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.yaml: No such file"):
        load_sources(tmp_path / "none.yaml")


def test_settings_can_be_written_in_python_too() -> None:
    assert MetricsSource(url="http://a", namespaces=("live",)).allows("live")
