"""Who may ask which source, and how Ebbtide proves who it is."""

import datetime as dt
import ipaddress
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ebbtide.loop.ports.metrics import Minutes, Query
from tests.adapters.metrics_server import MetricsServer, connected, failure, one, saying


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    with closing(MetricsServer()) as server:
        yield server


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


def test_headers_are_sent_with_every_request(server: MetricsServer) -> None:
    with connected(server.url, headers={"X-Scope-OrgID": "live"}) as metrics:
        assert isinstance(one(metrics), Minutes)
    sent = server.seen[0].headers
    assert sent["X-Scope-OrgID"] == "live"
    assert sent["User-Agent"] == "ebbtide"
    assert "Authorization" not in sent


def test_the_server_is_told_our_patience_and_to_give_no_partial_data(server: MetricsServer) -> None:
    with connected(server.url) as metrics:
        one(metrics)
    params = server.seen[0].params
    assert params["timeout"] == "60"
    assert params["partial_response"] == "false"
    assert params["deny_partial_response"] == "1"
    assert params["step"] == "60"


def test_a_token_is_read_again_when_its_file_has_changed(
    server: MetricsServer, token: Path
) -> None:
    with connected(server.url, bearerTokenFile=token) as metrics:
        one(metrics)
        one(metrics)
        replacement = token.with_name("next")
        replacement.write_text("other")
        replacement.replace(token)
        one(metrics)
    sent = [seen.headers["Authorization"] for seen in server.seen]
    assert sent == ["Bearer first", "Bearer first", "Bearer other"]


def test_a_password_file_is_sent_as_basic_authentication(
    server: MetricsServer, token: Path
) -> None:
    token.write_text("reader:tide\n")
    with connected(server.url, basicAuthFile=token) as metrics:
        one(metrics)
    assert server.seen[0].headers["Authorization"] == "Basic cmVhZGVyOnRpZGU="


def test_a_missing_token_is_said_with_its_path(server: MetricsServer, token: Path) -> None:
    token.unlink()
    with connected(server.url, bearerTokenFile=token) as metrics:
        said = failure(one(metrics))
    assert f"needs credentials, but {token} can't be read: No such file" in said
    assert server.seen == []


@pytest.mark.parametrize("text", ["", "two\nlines", "caf\xe9"])
def test_a_file_without_a_token_is_refused_and_not_quoted(
    server: MetricsServer, token: Path, text: str
) -> None:
    token.write_text(text)
    with connected(server.url, bearerTokenFile=token) as metrics:
        said = failure(one(metrics))
    assert said.endswith(f"needs credentials, but {token} holds none")
    assert server.seen == []


def test_a_redirect_never_carries_the_token_to_another_host(
    server: MetricsServer, token: Path
) -> None:
    with closing(MetricsServer()) as other:
        server.behaviour = saying("", 307, Location=f"{other.url}/api/v1/query_range")
        with connected(
            server.url, bearerTokenFile=token, headers={"X-Scope-OrgID": "live"}
        ) as metrics:
            assert "redirects are not followed" in failure(one(metrics))
        assert other.seen == []


def test_a_namespace_off_the_list_is_refused_and_told_the_list(server: MetricsServer) -> None:
    with connected(server.url, namespaces=["live-*", "media"]) as metrics:
        assert isinstance(one(metrics, Query("live-eu", "up")), Minutes)
        said = failure(one(metrics, Query("shop", "up")))
    assert "not for namespace shop: its namespaces are live-*, media" in said
    assert len(server.seen) == 1


def test_an_empty_list_is_for_nobody(server: MetricsServer) -> None:
    with connected(server.url, namespaces=[]) as metrics:
        assert "its namespaces are none" in failure(one(metrics))


def test_an_unknown_source_is_answered_with_the_known_ones(server: MetricsServer) -> None:
    with connected(server.url) as metrics:
        said = failure(one(metrics, Query("live", "up", source="thanos")))
    assert said == "there is no metrics source 'thanos'. Name one of these: default"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for loopback that is signed by itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "metrics")])
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(signed.public_bytes(pem) + secret)
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[MetricsServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(MetricsServer(tls=context)) as server:
        yield server


def test_a_certificate_is_verified_against_the_ca_file(
    secure: MetricsServer, certificate: Path
) -> None:
    with connected(secure.url, caFile=certificate) as metrics:
        assert isinstance(one(metrics), Minutes)


def test_an_unknown_certificate_is_refused(secure: MetricsServer) -> None:
    with connected(secure.url) as metrics:
        assert "certificate verify failed" in failure(one(metrics))
    assert secure.seen == []


def test_a_missing_ca_file_is_said_with_its_path(secure: MetricsServer, tmp_path: Path) -> None:
    with connected(secure.url, caFile=tmp_path / "ca.pem") as metrics:
        assert f"{tmp_path}/ca.pem" in failure(one(metrics))


def test_any_certificate_will_do_where_the_operator_says_so(
    secure: MetricsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings(), connected(secure.url, insecureSkipVerify=True) as metrics:
        assert isinstance(one(metrics), Minutes)
    assert "certificates of default are not verified" in caplog.text
