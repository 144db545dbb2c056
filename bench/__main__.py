"""`make bench`: the portal's speed as ratios to a floor that is measured in the same run.

Writes bench/results.json (name → number) and prints a table. Rounds of every kind of load alternate, so that a slow
minute of the machine slows them all; a figure is the median of the rounds' own ratios.
"""

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import articles, load, measures, stage, uploads
from bench.orders import COUNTED, Orders, ids_for_pgbench
from bench.targets import TARGETS

ROUNDS = 5
SECONDS = 4.0
BOOKINGS = 400
LIST = "/doctors/?city=Nairobi&specialty=general-practice"
RACES, RACERS = 100, 8
UPLOADS = {"upload_mb_s_vs_copy", "upload_rss_growth_mb"}
ARTICLES = {"article_list_vs_floor", "article_search_100k_ms_vs_pk_read"}
RESULTS = Path(__file__).parent / "results.json"
# Figures that need no server: by name, what Django runs in a bench database and prints.
ALONE = {
    "clinic_create_ms_vs_migrate": "from bench.measures import print_creation_ratio; print_creation_ratio()",
    "pdf_per_s_vs_typst_alone": "from bench.measures import print_paper_ratio; print_paper_ratio()",
}


def main() -> int:
    options = arguments()
    wanted = set(options.only.split(",")) if options.only else set(TARGETS)
    if unknown := wanted - set(TARGETS):
        raise SystemExit(f"no figure is called {', '.join(sorted(unknown))}")
    print("Databases …", flush=True)
    found = measure(wanted, options)
    results = {name: found[name] for name in TARGETS if name in found}
    # What was not asked for keeps the figure of its last run.
    kept = json.loads(RESULTS.read_text()) if options.only and RESULTS.exists() else {}
    written = {name: value for name in TARGETS if (value := results.get(name, kept.get(name))) is not None}
    RESULTS.write_text(json.dumps(written, indent=2) + "\n")
    return print_table(results)


def measure(wanted: set[str], options: argparse.Namespace) -> dict[str, float]:
    """The figures that are wanted, and those that are measured together with them."""
    together, alone = wanted - UPLOADS - ARTICLES - set(ALONE), wanted & set(ALONE)
    found: dict[str, float] = {}
    if together or wanted & (UPLOADS | ARTICLES):
        database = "precta_bench"
        stage.prepare_databases(keep=options.keep, big=bool(together))
    else:
        database = "precta_bench_alone"
        stage.prepare_demo(keep=options.keep)
    if together:
        found |= Bench(options.rounds, options.seconds).run()
    if wanted & UPLOADS:
        found |= uploads.run(options.rounds)
    if wanted & ARTICLES:
        articles.prepare(keep=options.keep)
        found |= articles.run(options.rounds, options.seconds)
    return found | {name: stage.ask(database, ALONE[name]) for name in sorted(alone)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="use the databases of an earlier run")
    parser.add_argument(
        "--only", metavar="NAMES", help="these figures, with commas between; rates bring all that is measured with them"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load in each round")
    return parser.parse_args()


class Bench:
    def __init__(self, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self.slots = stage.free_slots("precta_bench", rounds * BOOKINGS + RACES + 50)
        self.doctors = sorted({slot["doctor"] for slot in self.slots})
        self.used = 0
        self.rates: dict[str, list[float]] = {}

    def run(self) -> dict[str, float]:
        with ExitStack() as stack:
            self.floor, _ = stack.enter_context(stage.server("bench.floor.wsgi", "precta_bench"))
            self.port, self.web = stack.enter_context(stage.server("precta.wsgi", "precta_bench"))
            self.big, _ = stack.enter_context(stage.server("precta.wsgi", "precta_bench_big"))
            self.orders = Orders(self.port)
            self.ids, self.ids_of_orders = stage.ids_for_pgbench("precta_bench"), ids_for_pgbench("precta_bench")
            self.warm_up()
            for number in range(self.rounds):
                self.round(number)
                print(f"round {number + 1} of {self.rounds}", flush=True)
            results = self.ratios()
            results["worker_rss_mb"] = round(stage.worker_rss_mb(self.web), 1)
            results["double_bookings"] = self.races()
            results["oversold"] = self.orders.races()
            slots_page = f"/book/{self.doctors[0]}/"
            results["first_page_bytes"], results["next_page_bytes"] = measures.page_bytes(
                self.port, self.host("uzima", self.port), slots_page
            )
        return results | self.statements()

    def host(self, label: str, port: int) -> str:
        return f"{label + '.' if label else ''}precta.localhost:{port}"

    def list_page(self, port: int) -> bytes:
        return load.get(self.host("", port), LIST)

    def slots_pages(self, port: int) -> list[bytes]:
        return [load.get(self.host("uzima", port), f"/book/{doctor}/") for doctor in self.doctors[:20]]

    def warm_up(self) -> None:
        for port, requests in (
            (self.floor, self.floor_list() + self.floor_slots()),
            (self.port, [self.list_page(self.port), *self.slots_pages(self.port)]),
            (self.big, [self.list_page(self.big)]),
        ):
            warmed = load.drive(port, load.repeat(requests), seconds=2)
            if set(warmed.statuses) != {200}:
                raise SystemExit(f"a page does not answer: {dict(warmed.statuses)}")

    def floor_list(self) -> list[bytes]:
        return [load.get("floor", "/people/?city=Nairobi")]

    def floor_slots(self) -> list[bytes]:
        return [load.get("floor", f"/people/{n}/") for n in range(1, 21)]

    def round(self, number: int) -> None:
        self.rate("floor_list", self.floor, self.floor_list())
        self.rate("list", self.port, [self.list_page(self.port)])
        self.rate("list_big", self.big, [self.list_page(self.big)])
        self.rate("floor_slots", self.floor, self.floor_slots())
        self.rate("slots", self.port, self.slots_pages(self.port))
        self.rates.setdefault("booking", []).append(self.book(BOOKINGS))
        self.rates.setdefault("pgbench", []).append(self.pgbench(number, "booking.sql", self.ids))
        self.rates.setdefault("order", []).append(self.orders.place())
        self.rates.setdefault("order_pgbench", []).append(self.pgbench(number, "order.sql", self.ids_of_orders))

    def rate(self, name: str, port: int, requests: list[bytes]) -> None:
        run = load.drive(port, load.repeat(requests), seconds=self.seconds)
        if set(run.statuses) != {200}:
            raise SystemExit(f"{name}: {dict(run.statuses)}")
        self.rates.setdefault(name, []).append(run.rate)

    def booking_request(self, slot: dict[str, str], patient: int, port: int) -> bytes:
        token = "b" * 32
        body = urlencode(
            {
                "csrfmiddlewaretoken": token,
                "at": slot["at"],
                "mode": slot["mode"],
                "for_whom": f"bench{patient:019d}",
                "notes": "Follow-up",
                "method": "mpesa",
                "phone": "0712345678",
                "key": sha256(f"{slot['doctor']} {slot['at']} {patient}".encode()).hexdigest(),
            }
        )
        cookie = f"precta_session={stage.session_key(patient)}; precta_csrf={token}"
        path = f"/book/{slot['doctor']}/"
        host = self.host("uzima", port)
        return load.post(host, path, body, Cookie=cookie, Origin=f"http://{host}")

    def take(self, count: int) -> list[bytes]:
        """Requests for slots that nobody took yet, each by the next patient."""
        chosen = self.slots[self.used : self.used + count]
        requests = [
            self.booking_request(slot, (self.used + n) % stage.PATIENTS, self.port) for n, slot in enumerate(chosen)
        ]
        self.used += count
        return requests

    def book(self, count: int) -> float:
        run = load.drive(self.port, load.once(self.take(count)))
        if set(run.statuses) != {302}:
            raise SystemExit(f"booking: {dict(run.statuses)}")
        return run.rate

    def pgbench(self, number: int, script: str, ids: dict[str, str]) -> float:
        output = subprocess.run(
            stage.pgbench_command("precta_bench", Path(__file__).parent / script, self.seconds, number, ids),
            env=stage.pgbench_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if output.returncode:
            raise SystemExit(output.stderr)
        return float(output.stdout.split("tps = ")[1].split()[0])

    def ratios(self) -> dict[str, float]:
        def ratio(name: str, to: str) -> float:
            return round(median(a / b for a, b in zip(self.rates[name], self.rates[to], strict=True)), 3)

        return {
            "list_vs_floor": ratio("list", "floor_list"),
            "slots_vs_floor": ratio("slots", "floor_slots"),
            "booking_vs_pgbench": ratio("booking", "pgbench"),
            "order_vs_pgbench": ratio("order", "order_pgbench"),
            "list_100_clinics_vs_4": ratio("list_big", "list"),
        }

    def races(self) -> int:
        for number in range(RACES):
            slot = self.slots[self.used]
            self.used += 1
            racers = [(number * RACERS + n) % stage.PATIENTS for n in range(RACERS)]
            run = measures.race(self.port, [self.booking_request(slot, who, self.port) for who in racers])
            if run.statuses[302] != 1 or run.statuses[409] != RACERS - 1:
                raise SystemExit(f"race {number}: {dict(run.statuses)}")
        return measures.overlapping_visits("precta_bench", "clinic_uzima")

    def desk_page(self, port: int) -> bytes:
        """The front desk's view of the clinic's busiest day."""
        day = stage.busiest_day("precta_bench")
        cookie = f"precta_session={stage.DESK_SESSION}"
        return load.get(self.host("uzima", port), f"/admin/desk/?day={day}", Cookie=cookie)

    def timeline_page(self, port: int) -> bytes:
        """The whole history of one of the patients who have booked."""
        cookie = f"precta_session={stage.session_key(0)}"
        return load.get(self.host("", port), "/me/timeline/?all=1", Cookie=cookie)

    def statements(self) -> dict[str, float]:
        """One worker with one thread, its connection made: every statement is the page's own."""
        counted = {}
        stage.manage("precta_bench", "shell", "-c", "from bench.stage import add_desk; add_desk()")
        with stage.server("precta.wsgi", "precta_bench", workers=1, threads=1) as (port, _):
            requests = {
                "list_queries": self.list_page(port),
                "slots_queries": self.slots_pages(port)[0],
                "admin_day_queries": self.desk_page(port),
                "timeline_queries": self.timeline_page(port),
            }
            for request in requests.values():
                measures.send_one(port, request)
            for name, request in requests.items():
                send = partial(measures.send_one, port, request)
                counted[name] = measures.count_statements("precta_bench", send)
            fresh = iter(self.slots[self.used :])
            patients = iter(range(stage.PATIENTS - 10, stage.PATIENTS))

            def book_one() -> None:
                measures.send_one(port, self.booking_request(next(fresh), next(patients), port), expect=302)

            book_one()
            counted["booking_queries"] = measures.count_statements("precta_bench", book_one)
            shoppers = iter(COUNTED)

            def order_one() -> None:
                measures.send_one(port, self.orders.request(next(shoppers), port), expect=302)

            order_one()
            counted["order_queries"] = measures.count_statements("precta_bench", order_one)
        return counted


def print_table(results: dict[str, float]) -> int:
    missed = 0
    for name, value in results.items():
        kind, bound = TARGETS[name]
        good = value >= bound if kind == ">=" else value <= bound
        missed += not good
        print(f"{name:24} {value:>12}   {kind} {bound:<8} {'' if good else 'missed'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
