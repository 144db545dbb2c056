"""The doctor's workspace on the clinic's host. Who may open it: a doctor of this very clinic (views/doctor/guard)."""

from django.urls import path

from appointments.urls.hours import HOURS_PAGES
from appointments.views.doctor import calendar, earnings, encounter, patients, time_off, today, visits
from appointments.views.hours.place import own_hours
from appointments.views.records import doctor as records
from appointments.views.timeline import doctor as timeline
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "doctor"

urlpatterns = [
    path("", today.today, name="today"),
    path("visits/<id:visit_id>/", encounter.visit, name="visit"),
    path("visits/<id:visit_id>/start/", encounter.start, name="start"),
    path("visits/<id:visit_id>/addendum/", encounter.addendum, name="addendum"),
    path("visits/<id:visit_id>/arrived/", visits.arrived, name="arrived"),
    path("visits/<id:visit_id>/not-arrived/", visits.not_arrived, name="not-arrived"),
    path("visits/<id:visit_id>/completed/", visits.completed, name="completed"),
    path("visits/<id:visit_id>/no-show/", visits.no_show, name="no-show"),
    path("visits/<id:visit_id>/cancel/", visits.cancel, name="cancel"),
    path("visits/<id:visit_id>/records/", records.record_list, name="records"),
    path("visits/<id:visit_id>/records/<id:record_id>/file/", records.file, name="record-file"),
    path("visits/<id:visit_id>/records/<id:record_id>/preview/", records.preview, name="record-preview"),
    path("calendar/", calendar.calendar, name="calendar"),
    *(
        path(f"availability/{route}", own_hours(view), name="-".join(filter(None, ["availability", name])))
        for route, name, view in HOURS_PAGES
    ),
    path("time-off/", time_off.time_off, name="time-off"),
    path("time-off/add/", time_off.add, name="time-off-add"),
    path("time-off/<id:time_off_id>/remove/", time_off.remove, name="time-off-remove"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/export/", earnings.export, name="earnings-csv"),
    path("patients/", patients.patients, name="patients"),
    path("patients/<id:patient_id>/", timeline.of_patient, name="patient"),
]
