"""The standing texts, on the platform host only."""

from django.urls import path

from precta.views import pages

urlpatterns = [
    path("privacy/", pages.privacy, name="privacy"),
    path("terms/", pages.terms, name="terms"),
    path("help/", pages.help_page, name="help"),
]
