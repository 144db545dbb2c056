"""Reviewing a consultation: the patient's side of it."""

from django.urls import path

from content.views.reviews import patient
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "patient"

urlpatterns = [
    path("<id:consultation_id>/review/", patient.review, name="review"),
    path("<id:consultation_id>/review/withdraw/", patient.withdraw, name="review-withdraw"),
]
