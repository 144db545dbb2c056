"""A patient's care over all clinics, on the platform host under `/me/`."""

from django.urls import path

from appointments.views import me
from appointments.views.timeline import me as timeline

app_name = "me"

urlpatterns = [
    path("", me.home, name="home"),
    path("appointments/", me.appointments, name="appointments"),
    path("timeline/", timeline.mine, name="timeline"),
]
