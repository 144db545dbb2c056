"""Joining as a doctor, on the platform host: the first page for anybody, the others for the doctor who applies."""

from django.urls import path

import precta.converters  # noqa: F401 - registers <id:…>
from accounts.views import doctor_papers, join_doctor

app_name = "join-doctor"

urlpatterns = [
    path("", join_doctor.home, name="home"),
    path("start/", join_doctor.start, name="start"),
    path("about/", join_doctor.about, name="about"),
    path("practice/", join_doctor.practice, name="practice"),
    path("visits/", join_doctor.visits, name="visits"),
    path("clinic/", join_doctor.clinic, name="clinic"),
    path("papers/", doctor_papers.papers, name="papers"),
    path("papers/add/", doctor_papers.add, name="paper-add"),
    path("papers/<id:credential_id>/", doctor_papers.change, name="paper"),
    path("papers/<id:credential_id>/file/", doctor_papers.file, name="paper-file"),
    path("papers/<id:credential_id>/remove/", doctor_papers.remove, name="paper-remove"),
    path("submit/", join_doctor.submit, name="submit"),
]
