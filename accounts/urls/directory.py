"""Finding doctors and clinics, on the platform host. Anybody may open these."""

from django.urls import path

import precta.converters  # noqa: F401 - registers <id:…>
from accounts.views import directory

app_name = "directory"

urlpatterns = [
    path("", directory.home, name="home"),
    path("doctors/", directory.doctors, name="doctors"),
    path("doctors/<id:doctor_id>/", directory.doctor, name="doctor"),
    path("clinics/", directory.clinics, name="clinics"),
    path("robots.txt", directory.robots, name="robots"),
    path("sitemap.xml", directory.sitemap, name="sitemap"),
]
