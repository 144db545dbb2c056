from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "content"
    verbose_name = _("Articles and reviews")

    def ready(self) -> None:
        # Each registers what it holds.
        from content import parts, review_invitations, review_notices, review_parts, stored_files  # noqa: F401
