from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PharmacyConfig(AppConfig):
    name = "pharmacy"
    verbose_name = _("Pharmacy")

    def ready(self) -> None:
        # Each registers what it holds.
        from pharmacy import desk_waits, notices, parts, stored_files, substitution_notices, timeline  # noqa: F401
