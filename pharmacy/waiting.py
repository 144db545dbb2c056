"""How much waits for the pharmacy: one statement for all of its lines on the dashboard."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.http import HttpRequest

from pharmacy.selectors_catalogue import VERY_SOON
from pharmacy.states import today_at

_COUNT = """
SELECT EXISTS (SELECT 1 FROM pharmacy_medicine),
       (SELECT count(*) FROM pharmacy_medicine WHERE is_active AND stock <= low_stock_at),
       (SELECT count(*) FROM pharmacy_medicinebatch
         WHERE expires_on BETWEEN %(today)s AND %(soon)s AND on_hand > 0),
       placed, oldest, processing, asked
  FROM (SELECT count(*) FILTER (WHERE o.status = 'placed') AS placed,
               min(o.placed_at) FILTER (WHERE o.status = 'placed') AS oldest,
               count(*) FILTER (WHERE o.status = 'processing') AS processing,
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM pharmacy_substitution s JOIN pharmacy_orderitem i ON i.id = s.item_id
                    WHERE i.order_id = o.id AND s.status = 'proposed')) AS asked
          FROM pharmacy_order o WHERE o.status IN ('placed', 'processing')) orders
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """`low` articles and batches `ending` within 60 days; orders `placed` (the `oldest` since when), in `processing`,
    and `asked` of their patients."""

    has_catalogue: bool
    low: int
    ending: int
    placed: int
    oldest: datetime | None
    processing: int
    asked: int


def counts(request: HttpRequest) -> Counts:
    """Counted once for all lines."""
    if not hasattr(request, "_pharmacy_counts"):
        today = today_at(request.clinic)  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"today": today, "soon": today + VERY_SOON})
            request._pharmacy_counts = Counts(*cursor.fetchone())  # type: ignore[attr-defined]
    return request._pharmacy_counts  # type: ignore[attr-defined]
