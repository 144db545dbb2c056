"""Which stored files the rows of this app name (`precta.files.orphans`)."""

from collections.abc import Iterable

from pharmacy.models import Prescription
from precta.files.orphans import owner


@owner("clinic", "prescriptions")
def papers(keys: list[str]) -> Iterable[str]:
    return Prescription.objects.filter(pdf_url__in=keys).values_list("pdf_url", flat=True)
