"""The Web Platform Tests' own server over a checkout, on two ports of the loopback: for tests that ask its scripts.

Needs the suite's package: pip install wptserve. Prints the two ports, and ends with its input.
"""

import socket
import sys
import uuid

from wptserve import server, stash
from wptserve.config import Config


def free_port():
    """A port that nobody has: the pages name both ports, so both are known before either is listened on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    root = sys.argv[1]
    # Its scripts import each other from there.
    sys.path.insert(0, root)
    with stash.StashServer(authkey=str(uuid.uuid4())):
        ports = [free_port() for _ in range(2)]
        hosts = {"": "localhost", "www": "localhost", "www1": "localhost", "www2": "127.0.0.1"}
        config = Config(
            {
                "browser_host": "localhost",
                "all_domains": {"": hosts, "alt": {"": "127.0.0.1"}},
                "ports": {"http": ports, "https": [0, 0], "h2": [0]},
            }
        )
        servers = [
            server.WebTestHttpd(host="127.0.0.1", port=port, doc_root=root, config=config)
            for port in ports
        ]
        for served in servers:
            served.start()
        print(*ports, flush=True)
        sys.stdin.read()
        for served in servers:
            served.stop()


if __name__ == "__main__":
    main()
