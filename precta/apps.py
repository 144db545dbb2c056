from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrectaConfig(AppConfig):
    name = "precta"
    verbose_name = _("Precta")
