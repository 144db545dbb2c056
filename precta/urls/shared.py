"""What every host answers."""

from django.urls import path

from precta.files.responses import public_image
from precta.views import errors, health, preferences

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("language/", preferences.set_language, name="set-language"),
    path("theme/", preferences.set_theme, name="set-theme"),
    path("pictures/<path:name>", public_image, name="public-image"),
]
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler429 = errors.too_many_requests
handler500 = errors.server_error
