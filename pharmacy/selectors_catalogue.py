"""Reading the catalogue of the active clinic's pharmacy."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import DateField, Exists, F, Min, OuterRef, Q, QuerySet, Subquery

from pharmacy.models import Medicine, MedicineBatch, OrderItem, Substitution, SubstitutionStatus
from pharmacy.models.medicine import MedicineQuerySet

MOST_WORDS = 6
# Batches that end within so many days: what the list calls "soon", and what the dashboard warns of.
SOON = timedelta(days=90)
VERY_SOON = timedelta(days=60)


def medicines_on_sale() -> MedicineQuerySet:
    """Everything the pharmacy sells, in stock or not, by name."""
    return Medicine.objects.on_sale()


def search_catalogue(asked: str = "", *, on_sale_only: bool = True) -> MedicineQuerySet:
    """Articles of which each word of `asked` is in a name, a substance or the strength, or begins the number."""
    return matching(medicines_on_sale() if on_sale_only else Medicine.objects.all(), asked)


def matching(rows: Any, asked: str) -> Any:
    """`rows` narrowed to what `search_catalogue` would find."""
    for word in asked.split()[:MOST_WORDS]:
        rows = rows.filter(
            Q(generic_name__icontains=word)
            | Q(brand_name__icontains=word)
            | Q(substances__icontains=word)
            | Q(strength__icontains=word)
            | Q(sku__istartswith=word)
        )
    return rows


def ordered_among(medicine_ids: Iterable[str]) -> set[str]:
    """Those that an order was ever made of, or that a patient is asked about."""
    ids = list(medicine_ids)
    lines = OrderItem.objects.filter(medicine__in=ids).order_by().values_list("medicine_id", flat=True).distinct()
    asked = Substitution.objects.filter(medicine__in=ids, status=SubstitutionStatus.PROPOSED).order_by()
    return {*lines, *asked.values_list("medicine_id", flat=True)}


def with_next_expiry(rows: Any) -> Any:
    """`next_expiry`: when the first packs on the shelf expire; None where nothing lies there."""
    ends = MedicineBatch.objects.filter(medicine=OuterRef("pk"), on_hand__gt=0).order_by().values("medicine")
    earliest = ends.annotate(first=Min("expires_on")).values("first")
    return rows.annotate(next_expiry=Subquery(earliest, output_field=DateField()))


def expiring(rows: Any, *, today: date, within: timedelta) -> Any:
    """Those with packs on the shelf that expire `within` so many days of `today`, and not before it."""
    ends = batches_ending(today=today, within=within).filter(medicine=OuterRef("pk"))
    return rows.filter(Exists(ends))


def expired(rows: Any, *, today: date) -> Any:
    """Those with a batch that is out of date, set aside already or still to be."""
    old = MedicineBatch.objects.filter(medicine=OuterRef("pk"), expires_on__lt=today)
    return rows.filter(Exists(old.filter(Q(on_hand__gt=0) | Q(set_aside_at__isnull=False))))


def batches_ending(*, today: date, within: timedelta) -> QuerySet[MedicineBatch]:
    return MedicineBatch.objects.filter(on_hand__gt=0, expires_on__gte=today, expires_on__lte=today + within)


def low_or_out(rows: Any) -> Any:
    """On sale, and with so few packs that the pharmacy wants to order anew."""
    return rows.filter(is_active=True, stock__lte=F("low_stock_at"))
