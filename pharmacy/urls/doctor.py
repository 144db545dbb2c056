"""Writing prescriptions, in the workspace: a doctor of this very clinic (appointments/views/doctor/guard)."""

from django.urls import path

from pharmacy.views import doctor
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "doctor"

urlpatterns = [
    path("visits/<id:visit_id>/prescribe/", doctor.write, name="write"),
    path("prescriptions/<id:prescription_id>/replace/", doctor.replace, name="replace"),
    path("medicines/", doctor.medicines, name="medicines"),
    path("prescription-templates/", doctor.templates, name="templates"),
    path("prescription-templates/<id:template_id>/rename/", doctor.template_rename, name="template-rename"),
    path("prescription-templates/<id:template_id>/delete/", doctor.template_delete, name="template-delete"),
]
