"""A patient's documents at this clinic: theirs and their children's; anything else is a 404."""

from django.urls import path

from appointments.views.records import patient
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "records"

RECORD = "<id:record_id>/"

urlpatterns = [
    path("", patient.record_list, name="list"),
    path(RECORD, patient.detail, name="detail"),
    path(RECORD + "edit/", patient.edit, name="edit"),
    path(RECORD + "delete/", patient.delete, name="delete"),
    path("<id:deleted_id>/restore/", patient.restore, name="restore"),
    path(RECORD + "hide/<id:doctor_id>/", patient.hide, name="hide"),
    path(RECORD + "show/<id:doctor_id>/", patient.show, name="show"),
    path(RECORD + "file/", patient.file, name="file"),
    path(RECORD + "preview/", patient.preview, name="preview"),
    path(RECORD + "views/", patient.views, name="views"),
]
