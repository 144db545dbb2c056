from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PharmacyConfig(AppConfig):
    name = "pharmacy"
    verbose_name = _("Pharmacy")

    def ready(self) -> None:
        # Each registers what it holds.
        from pharmacy import catalogue_notices, notices, parts, stored_files, timeline  # noqa: F401
