"""Which stored files the rows of this app name (`precta.files.orphans`)."""

from collections.abc import Iterable

from accounts.models import DoctorCredential
from precta.files.orphans import owner


@owner("public", "credentials")
def credentials(keys: list[str]) -> Iterable[str]:
    return DoctorCredential.objects.filter(file_url__in=keys).values_list("file_url", flat=True)
