from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "content"
    verbose_name = _("Articles and reviews")

    def ready(self) -> None:
        # Registers what stands on the directory's pages, and which pictures are needed.
        from content import parts, stored_files  # noqa: F401
