"""The namespace `appointments` of the platform host."""

from django.urls import include, path

app_name = "appointments"

urlpatterns = [
    path("me/", include("appointments.urls.me")),
    path("video/", include("appointments.urls.video")),
]
