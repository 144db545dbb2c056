"""Whether a prescription is genuine: anybody, on the platform host, with its code."""

from django.urls import path

from pharmacy.views import public

urlpatterns = [
    path("", public.check, name="check"),
    path("<str:code>/", public.verify, name="verify"),
]
