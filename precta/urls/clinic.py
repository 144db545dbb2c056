"""The addresses of the clinic host."""

from allauth.account.views import logout as sign_out
from django.urls import include, path

from clinics.admin_sites import clinic_admin
from precta.urls.shared import handler400, handler403, handler404, handler429, handler500

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("precta.urls.shared")),
    path("", include("accounts.urls.clinic_host")),
    path("", include("appointments.urls.clinic")),
    path("", include("pharmacy.urls.clinic")),
    path("", include("content.urls.clinic")),
    # Every host signs out by itself: our Referrer-Policy makes a form that posts to another host anonymous, and the
    # token's check refuses it.
    path("account/logout/", sign_out, name="account_logout"),
    path("admin/", clinic_admin.urls),
]
