"""Visits on the clinic's host, by audience."""

from django.urls import include, path

app_name = "appointments"

urlpatterns = [
    path("", include("appointments.urls.patient")),
    path("records/", include("appointments.urls.records")),
    path("", include("appointments.urls.room")),
    path("workspace/", include("appointments.urls.doctor")),
]
