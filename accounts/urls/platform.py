"""The namespace `accounts` of the platform host."""

from django.urls import include, path

app_name = "accounts"

urlpatterns = [
    path("", include("accounts.urls.directory")),
    path("me/", include("accounts.urls.me")),
    path("join/staff/", include("accounts.urls.invitation")),
    path("join/doctor/", include("accounts.urls.join_doctor")),
]
