"""A doctor's reviews, for anybody; to report one, somebody who is signed in."""

from django.urls import path

from content.views.reviews import public
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "reviews"

urlpatterns = [
    path("doctors/<id:doctor_id>/reviews/", public.reviews, name="list"),
    path("doctors/<id:doctor_id>/reviews/<id:review_id>/report/", public.report, name="report"),
]
