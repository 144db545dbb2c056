"""A clinic's own pages, on its host. Anybody may open these."""

from django.urls import path

import precta.converters  # noqa: F401 - registers <id:…>
from accounts.views import clinic, directory

app_name = "clinic"

urlpatterns = [
    path("", clinic.home, name="home"),
    path("doctors/", directory.doctors, name="doctors"),
    path("doctors/<id:doctor_id>/", directory.doctor, name="doctor"),
    path("robots.txt", clinic.robots, name="robots"),
]
