"""The addresses of the platform host."""

from django.conf import settings
from django.urls import include, path

from precta.urls.shared import handler400, handler403, handler404, handler429, handler500
from precta.views import styleguide

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("precta.urls.shared")),
    path("account/", include("accounts.urls.account")),
    path("", include("accounts.urls.platform")),
    path("", include("clinics.urls.platform")),
    path("payments/", include("precta.payments.urls")),
    path("me/notifications/", include("precta.notifications.urls")),
    path("", include("appointments.urls.platform")),
    path("", include("pharmacy.urls.platform")),
    path("", include("content.urls.platform")),
    path("", include(("precta.urls.pages", "pages"))),
]
if settings.DEVSTACK:
    urlpatterns.append(path("dev/", include("precta.devstack.urls")))
if settings.DEBUG or settings.DEVSTACK:
    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("styleguide/<slug:page>/", styleguide.whole_page, name="styleguide-page"),
    ]
