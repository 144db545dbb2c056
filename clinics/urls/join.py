"""A clinic's way in, on the platform host. The first page is for anybody, the others for who is signed in."""

from django.urls import path

import precta.converters  # noqa: F401 - registers <id:…>
from clinics.views import join

app_name = "join"
urlpatterns = [
    path("", join.landing, name="landing"),
    path("apply/", join.write, name="write"),
    path("address/", join.address, name="address"),
    path("<id:application_id>/", join.status, name="status"),
    path("<id:application_id>/send/", join.send, name="send"),
    path("<id:application_id>/progress/", join.progress, name="progress"),
    path("<id:application_id>/licence/", join.licence, name="licence"),
]
