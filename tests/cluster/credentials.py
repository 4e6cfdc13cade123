"""Writes who may speak to a control plane: one token a user, and the key of service accounts."""

import secrets
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster.layout import Layout

# Only the administrator has a group; Kubernetes' own bootstrap roles name the other two.
USERS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
}


def write_credentials(layout: Layout) -> None:
    """Write the key, the tokens and one kubeconfig a user, all readable by their owner alone."""
    _write_private(layout.service_account_key, _new_key())
    tokens = {user: secrets.token_hex(16) for user in USERS}
    rows = [f'{token},{user},{user},"{USERS[user]}"\n' for user, token in tokens.items()]
    _write_private(layout.tokens, "".join(rows))
    for user, token in tokens.items():
        cluster = {
            "server": layout.api_url,
            "certificate-authority": str(layout.serving_pair[0]),
        }
        write_kubeconfig(layout.kubeconfig(user), cluster, token)


def write_kubeconfig(path: Path, cluster: dict[str, str], token: str) -> None:
    """Write a kubeconfig that reaches `cluster` with `token`."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    _write_private(path, yaml.safe_dump(content))


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return encoded.decode()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
