from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        # They register themselves.
        from accounts import (  # noqa: F401
            consent_notices,
            index_handlers,
            receivers,
            staff_notices,
            stored_files,
            verification_notices,
        )
