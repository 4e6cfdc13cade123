"""A process of its own that holds a Lease until it is killed."""

import sys
import time
from typing import Any

from ebbtide.adapters.kubernetes.api_server import Timeout, connect
from ebbtide.adapters.kubernetes.lease import KubernetesLease, LeaseSettings, sleepless_clock

QUICK: dict[str, Any] = {
    "name": "ebbtide",
    "duration": 4,
    "margin": 1.0,
    "tick": 0.5,
    "request_timeout": 1.0,
}
"""Times of a lease that a test can wait for."""


def hold(kubeconfig: str, namespace: str, identity: str) -> None:
    """Renew for ever; say so once the lease is held."""
    server = connect(kubeconfig, timeout=Timeout(0.5, 0.5))
    settings = LeaseSettings(namespace=namespace, identity=identity, **QUICK)
    lease = KubernetesLease(server, settings, monotonic=sleepless_clock, now=time.time)
    lease.renew()
    print("held" if lease.held else "not held", flush=True)
    while True:
        time.sleep(QUICK["tick"])
        lease.renew()


if __name__ == "__main__":
    hold(*sys.argv[1:])
