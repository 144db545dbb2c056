"""The patient's answer to what the pharmacy proposes instead, on the clinic's host."""

from django.urls import path

from pharmacy.views import substitutions
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "substitutions"

ONE = "<id:order_id>/substitutions/<id:substitution_id>/"

urlpatterns = [
    path(ONE + "accept/", substitutions.accept, name="accept"),
    path(ONE + "decline/", substitutions.decline, name="decline"),
]
