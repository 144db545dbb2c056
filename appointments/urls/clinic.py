"""Visits on the clinic's host, by audience."""

from django.urls import include, path

from precta import converters  # noqa: F401 - registers <id:…>

app_name = "appointments"

urlpatterns = [
    path("", include("appointments.urls.patient")),
    path("records/", include("appointments.urls.records")),
    path("appointments/<id:video_visit_id>/room/", include("appointments.urls.room")),
    path("workspace/", include("appointments.urls.doctor")),
]
