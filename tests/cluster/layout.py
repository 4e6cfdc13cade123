"""Names the files, ports and command lines of one control plane; starts nothing."""

from dataclasses import dataclass
from pathlib import Path

BINARIES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "kubectl",
)
STAGES = Path(__file__).with_name("fake_nodes.yaml")
AUDIT = Path(__file__).with_name("audit.yaml")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the programs of one control plane lie, and where they keep what they write."""

    assets: Path
    folder: Path
    etcd_port: int
    peer_port: int
    api_port: int

    @property
    def kubectl(self) -> Path:
        return self.assets / "kubectl"

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens.csv"

    @property
    def serving_pair(self) -> tuple[Path, Path]:
        """The certificate and key that the API server makes for itself."""
        return self.folder / "apiserver" / "apiserver.crt", self.folder / "apiserver/apiserver.key"

    @property
    def api_url(self) -> str:
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.jsonl"

    def kubeconfig(self, user: str) -> Path:
        return self.folder / f"{user.removeprefix('system:')}.kubeconfig"

    def commands(self) -> list[list[str]]:
        """Return the command of every program, in the order in which they start."""
        own = [
            self._etcd(),
            self._apiserver(),
            self._controller_manager(),
            self._scheduler(),
            self._kwok(),
        ]
        return [[str(self.assets / program), *flags] for program, *flags in own]

    def _etcd(self) -> list[str]:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.etcd_port, self.peer_port))
        return [
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # nobody will need this data after a power cut
            "--log-level=warn",
        ]

    def _apiserver(self) -> list[str]:
        return [
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.api_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # no Endpoints may name a loopback address
            f"--cert-dir={self.serving_pair[0].parent}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            f"--audit-policy-file={AUDIT}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=0",  # one file, whatever its size
            f"--token-auth-file={self.tokens}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.service_account_key}",
            f"--service-account-signing-key-file={self.service_account_key}",
            # Fake nodes are never tainted as new, since nothing here would take the taint away.
            "--disable-admission-plugins=TaintNodesByCondition",
        ]

    def _controller_manager(self) -> list[str]:
        return [
            "kube-controller-manager",
            *self._client("system:kube-controller-manager"),
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self.service_account_key}",
            f"--root-ca-file={self.serving_pair[0]}",
            # A pause of a test, or of the machine, must not look like the death of every node.
            "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-downscale-stabilization=5s",
        ]

    def _scheduler(self) -> list[str]:
        return ["kube-scheduler", *self._client("system:kube-scheduler")]

    def _client(self, user: str) -> list[str]:
        """Flags of a controller that is alone, listens nowhere and is not slowed by its client."""
        return [
            f"--kubeconfig={self.kubeconfig(user)}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
        ]

    def _kwok(self) -> list[str]:
        return [
            "kwok",
            f"--kubeconfig={self.kubeconfig('admin')}",
            f"--config={STAGES}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=0",
            "--cidr=10.244.0.0/16",  # room for the address of every pod
        ]
