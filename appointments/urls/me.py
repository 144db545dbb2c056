"""A patient's care over all clinics, on the platform host under `/me/`."""

from django.urls import path

from appointments.views import me

app_name = "me"

urlpatterns = [
    path("", me.home, name="home"),
    path("appointments/", me.appointments, name="appointments"),
]
