"""Which stored files the rows of this app name (`precta.files.orphans`)."""

from collections.abc import Iterable

from django.db.models import Q

from appointments.models import MedicalRecord
from precta.files.orphans import owner


@owner("clinic", "records")
def records(keys: list[str]) -> Iterable[str]:
    rows = MedicalRecord.objects.filter(Q(file_url__in=keys) | Q(preview_url__in=keys))
    return [key for pair in rows.values_list("file_url", "preview_url") for key in pair]
