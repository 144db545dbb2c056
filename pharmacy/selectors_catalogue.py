"""Reading the catalogue of the active clinic's pharmacy."""

from django.db.models import Q

from pharmacy.models import Medicine
from pharmacy.models.medicine import MedicineQuerySet


def medicines_on_sale() -> MedicineQuerySet:
    """Everything the pharmacy sells, in stock or not, by name."""
    return Medicine.objects.on_sale()


def search_catalogue(asked: str = "", *, on_sale_only: bool = True) -> MedicineQuerySet:
    """Articles of which each word of `asked` is in a name, a substance or the strength, or begins the number."""
    rows = medicines_on_sale() if on_sale_only else Medicine.objects.all()
    for word in asked.split()[:6]:
        rows = rows.filter(
            Q(generic_name__icontains=word)
            | Q(brand_name__icontains=word)
            | Q(strength__icontains=word)
            | Q(substances__icontains=word)
            | Q(sku__istartswith=word)
        )
    return rows
