"""Which stored files the rows of this app name (`precta.files.orphans`)."""

from collections.abc import Iterable

from clinics.application import ClinicApplication
from precta.files.orphans import owner


@owner("public", "clinic-licences")
def licences(keys: list[str]) -> Iterable[str]:
    return ClinicApplication.objects.filter(licence_file__in=keys).values_list("licence_file", flat=True)
