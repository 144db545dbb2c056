from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PharmacyConfig(AppConfig):
    name = "pharmacy"
    verbose_name = _("Pharmacy")

    def ready(self) -> None:
        # Each registers what it holds.
        from pharmacy import (  # noqa: F401
            catalogue_notices,
            desk_notices,
            emergency_lists,
            notices,
            order_handlers,
            order_notices,
            order_subject,
            parts,
            receivers,
            stored_files,
            timeline,
        )
