"""Run the stand-in by itself."""

import argparse
import os
import signal
import threading
from pathlib import Path

from .server import DEFAULT_KEY, PaystackStandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m precta.devstack.paystack", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--webhook-url", help="where signed events go, e.g. …/payments/paystack/webhook/")
    parser.add_argument("--file", type=Path, help="the ledger's SQLite file; in memory when not given")
    parser.epilog = "The secret key is taken from PAYSTACK_SECRET_KEY."
    options = parser.parse_args()
    standin = PaystackStandIn(
        options.port,
        webhook_url=options.webhook_url,
        secret_key=os.environ.get("PAYSTACK_SECRET_KEY", DEFAULT_KEY),
        file=options.file,
    ).start()
    print(f"Paystack stand-in: {standin.url}", flush=True)
    stopped = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stopped.set())
    stopped.wait()
    standin.stop()


if __name__ == "__main__":
    main()
