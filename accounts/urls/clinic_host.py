"""The namespace `accounts` of the clinic host."""

from django.urls import include, path

app_name = "accounts"

urlpatterns = [
    path("", include("accounts.urls.clinic")),
]
