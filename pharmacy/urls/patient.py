"""An issued prescription on the clinic's host.

Who may open it: the patient's side, a doctor here who has a visit with the patient, and staff who hold
`prescriptions.view`; a stranger signs in first, to anybody else it is a 404.
"""

from django.urls import path

from pharmacy.views import patient
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "patient"

urlpatterns = [
    path("<id:prescription_id>/", patient.detail, name="detail"),
    path("<id:prescription_id>/pdf/", patient.pdf, name="pdf"),
]
