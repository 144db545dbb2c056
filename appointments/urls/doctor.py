"""The doctor's workspace on the clinic's host. Who may open it: a doctor of this very clinic (views/doctor/guard)."""

from django.urls import path

from appointments.views.doctor import availability, calendar, patients, time_off, today, visits
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "doctor"

urlpatterns = [
    path("", today.today, name="today"),
    path("visits/<id:visit_id>/arrived/", visits.arrived, name="arrived"),
    path("visits/<id:visit_id>/not-arrived/", visits.not_arrived, name="not-arrived"),
    path("visits/<id:visit_id>/completed/", visits.completed, name="completed"),
    path("visits/<id:visit_id>/no-show/", visits.no_show, name="no-show"),
    path("visits/<id:visit_id>/cancel/", visits.cancel, name="cancel"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("availability/", availability.availability, name="availability"),
    path("availability/add/", availability.add, name="availability-add"),
    path("availability/copy/<int:day>/", availability.copy, name="availability-copy"),
    path("availability/<id:window_id>/", availability.edit, name="availability-edit"),
    path("availability/<id:window_id>/switch/", availability.switch, name="availability-switch"),
    path("availability/<id:window_id>/remove/", availability.remove, name="availability-remove"),
    path("time-off/", time_off.time_off, name="time-off"),
    path("time-off/add/", time_off.add, name="time-off-add"),
    path("time-off/<id:time_off_id>/remove/", time_off.remove, name="time-off-remove"),
    path("patients/", patients.patients, name="patients"),
]
