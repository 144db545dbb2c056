from typing import Any

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class ClinicsConfig(AppConfig):
    name = "clinics"
    verbose_name = _("Clinics")

    def ready(self) -> None:
        from django_tenants.signals import schema_migrated

        from clinics import emergency_handlers, notice_handlers, stored_files  # noqa: F401 - they register themselves

        schema_migrated.connect(_refresh_template, dispatch_uid="clinics.refresh_template")
        autodiscover_modules("waits")  # the lines of the two dashboards


def _refresh_template(sender: Any, schema_name: str, **others: Any) -> None:
    """After `public`, before the list of clinics is read: a clinic created from here on has the new migrations, and
    one created before is in the list."""
    from django_tenants.utils import get_public_schema_name

    from clinics.schemas.template import refresh_template

    if schema_name == get_public_schema_name():
        refresh_template()
