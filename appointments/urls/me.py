"""A patient's care over all clinics, on the platform host under `/me/`."""

from django.urls import path

from appointments.views import me
from appointments.views.records import across
from appointments.views.timeline import me as timeline
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "me"

urlpatterns = [
    path("", me.home, name="home"),
    path("appointments/", me.appointments, name="appointments"),
    path("timeline/", timeline.mine, name="timeline"),
    path("records/", across.record_list, name="records"),
    path("records/<id:clinic_id>/<id:record_id>/file/", across.file, name="record-file"),
]
