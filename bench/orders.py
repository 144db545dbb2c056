"""Ordering medicines over HTTP: how many checkouts a second, and whether a last pack is ever sold twice."""

import json
from hashlib import sha256
from urllib.parse import urlencode

from bench import load, measures, stage

# A basket is emptied by its order, so each patient orders once in a run: those of the rates come first, then those
# whose statements are counted, then the buyers of the last packs.
ORDERS = 280
COUNTED = range(1400, 1450)
RACES, BUYERS = 10, 50
FIRST_BUYER = 1500
MEDICINES = 60
PRICE = "100.00"
NAMED = "BENCH-"


class Orders:
    """The requests of one run; `port` is the portal's."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.used = 0
        stage.manage("precta_bench", "shell", "-c", "from bench.orders import fill_baskets; fill_baskets()")

    def request(self, patient: int, port: int, packs: int = 3) -> bytes:
        """The checkout's form of a patient whose basket has `packs` packs."""
        token = "b" * 32
        total = f"{packs * float(PRICE):.2f}"
        body = urlencode(
            {
                "csrfmiddlewaretoken": token,
                "for_whom": f"bench{patient:019d}",
                "way": "pickup",
                "shown": json.dumps({"pickup": total}),
                "contact": "0712345678",
                "method": "mpesa",
                "phone": "0712345678",
                "key": sha256(f"{stage.SALT} order {patient}".encode()).hexdigest(),
            }
        )
        cookie = f"precta_session={stage.session_key(patient)}; precta_csrf={token}"
        host = f"uzima.precta.localhost:{port}"
        return load.post(host, "/pharmacy/checkout/", body, Cookie=cookie, Origin=f"http://{host}")

    def place(self) -> float:
        """Orders a second, each of three medicines by the next patient."""
        first, self.used = self.used, self.used + ORDERS
        if self.used > COUNTED.start:
            raise SystemExit("more rounds than patients who may order")
        run = load.drive(self.port, load.once([self.request(n, self.port) for n in range(first, self.used)]))
        if set(run.statuses) != {302}:
            raise SystemExit(f"ordering: {dict(run.statuses)}")
        return run.rate

    def races(self) -> int:
        """Each time fifty at once want the last pack of a medicine; the number of packs sold that were not there."""
        for number in range(RACES):
            first = FIRST_BUYER + number * BUYERS
            requests = [self.request(n, self.port, packs=1) for n in range(first, first + BUYERS)]
            run = measures.race(self.port, requests)
            if run.statuses[302] != 1 or run.statuses[409] != BUYERS - 1:
                raise SystemExit(f"last pack {number}: {dict(run.statuses)}")
        return oversold("precta_bench", "clinic_uzima")


def oversold(database: str, schema: str) -> int:
    """Packs of the last ones that stand in orders beyond those that there were."""
    with stage.connect(database) as server:
        server.execute(f'SET search_path = "{schema}", public')
        row = server.execute(
            """
            SELECT coalesce(sum(greatest(0, sold - 1)), 0) FROM (
              SELECT m.id, sum(i.quantity) - least(0, min(m.stock)) AS sold FROM pharmacy_medicine m
                JOIN pharmacy_orderitem i ON i.medicine_id = m.id JOIN pharmacy_order o ON o.id = i.order_id
               WHERE m.sku LIKE 'BENCH-LAST-%' AND o.status <> 'cancelled' GROUP BY m.id) sales
            """
        ).fetchone()
    return int(row[0]) if row else 0


def ids_for_pgbench(database: str) -> dict[str, str]:
    """Medicines and patients as arrays for bench/order.sql."""
    with stage.connect(database) as server:
        medicines = server.execute(
            "SELECT id FROM clinic_uzima.pharmacy_medicine WHERE sku LIKE 'BENCH-SHELF-%' ORDER BY id"
        ).fetchall()
    known = stage.ids_for_pgbench(database)
    return {
        "patients": known["patients"],
        "patient_ids": known["patient_ids"],
        "medicines": str(len(medicines)),
        "medicine_ids": "{" + ",".join(row[0] for row in medicines) + "}",
    }


def fill_baskets() -> None:
    """Forget the orders of earlier runs, stock what is ordered, and put it into every patient's basket (run inside
    precta_bench)."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.db import connection

    from clinics.models import Clinic
    from pharmacy.models import Medicine
    from precta.tenancy import clinic_context

    clinic = Clinic.objects.get(slug="uzima")
    with clinic_context(clinic):
        with connection.cursor() as cursor:
            ours = "(SELECT id FROM pharmacy_order WHERE placed_by LIKE 'bench%' OR placed_by LIKE 'pgbench%')"
            cursor.execute(f"DELETE FROM pharmacy_stockmovement WHERE order_id IN {ours}")
            cursor.execute(f"DELETE FROM pharmacy_orderitem WHERE order_id IN {ours}")
            cursor.execute("DELETE FROM pharmacy_order WHERE placed_by LIKE 'bench%' OR placed_by LIKE 'pgbench%'")
            cursor.execute(
                "DELETE FROM payments_payment WHERE type = 'order'"
                " AND (user_id LIKE 'bench%' OR user_id LIKE 'pgbench%')"
            )
        shelf = [_medicine(Medicine, f"SHELF-{n}", 10_000_000) for n in range(MEDICINES)]
        last = [_medicine(Medicine, f"LAST-{n}", 1) for n in range(RACES)]
    kept = Session.objects.in_bulk([stage.session_key(n) for n in range(stage.PATIENTS)])
    store = SessionStore()
    for number in range(stage.PATIENTS):
        session = kept[stage.session_key(number)]
        if number >= FIRST_BUYER:
            wanted = [last[(number - FIRST_BUYER) // BUYERS % RACES]]
        else:
            wanted = [shelf[(number + k) % MEDICINES] for k in range(3)]
        basket = {"lines": [[medicine, 1, None] for medicine in wanted], "prescription": None}
        session.session_data = store.encode(store.decode(session.session_data) | {f"basket-{clinic.pk}": basket})
    Session.objects.bulk_update(kept.values(), ["session_data"], batch_size=500)


def _medicine(model, name: str, stock: int) -> str:
    row, _new = model.objects.update_or_create(
        sku=NAMED + name,
        defaults={
            "generic_name": f"Bench {name}",
            "substances": ["bench"],
            "form": "tablet",
            "strength": "500 mg",
            "pack_size": 10,
            "pack_unit": "tablets",
            "price": PRICE,
            "stock": stock,
            "is_prescription_only": False,
        },
    )
    return row.pk
