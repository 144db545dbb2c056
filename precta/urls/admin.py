"""The addresses of the admin host."""

from django.urls import include, path

from clinics.admin_sites import platform_admin
from precta.urls.shared import handler400, handler403, handler404, handler429, handler500

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("precta.urls.shared")),
    path("", platform_admin.urls),
]
