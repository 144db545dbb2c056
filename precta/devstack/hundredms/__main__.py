"""Run the stand-in by itself."""

import argparse
import os
import signal
import threading

from .server import DEFAULT_KEY, DEFAULT_SECRET, HundredMsStandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m precta.devstack.hundredms", description=__doc__)
    parser.add_argument("--port", type=int, default=8003)
    parser.epilog = (
        "Set HUNDREDMS_BASE_URL and HUNDREDMS_SUBDOMAIN to its address; the keys are HUNDREDMS_ACCESS_KEY and "
        "HUNDREDMS_SECRET."
    )
    options = parser.parse_args()
    standin = HundredMsStandIn(
        options.port,
        access_key=os.environ.get("HUNDREDMS_ACCESS_KEY", DEFAULT_KEY),
        secret=os.environ.get("HUNDREDMS_SECRET", DEFAULT_SECRET),
    ).start()
    print(f"100ms stand-in: {standin.url}", flush=True)
    stopped = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stopped.set())
    stopped.wait()
    standin.stop()


if __name__ == "__main__":
    main()
