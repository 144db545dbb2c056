"""A doctor's own reviews, in the workspace."""

from django.urls import path

from content.views.reviews import doctor
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "doctor"

urlpatterns = [
    path("reviews/", doctor.reviews, name="reviews"),
    path("reviews/<id:review_id>/answer/", doctor.answer, name="review-answer"),
]
