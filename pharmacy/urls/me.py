"""A patient's prescriptions over all clinics, on the platform host."""

from django.urls import path

from pharmacy.views import me
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "me"

urlpatterns = [
    path("", me.prescriptions, name="prescriptions"),
    path("<id:clinic_id>/<id:prescription_id>/pdf/", me.pdf, name="pdf"),
]
