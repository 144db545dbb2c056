"""The namespace `content` of the clinic's host."""

from django.urls import include, path

app_name = "content"

urlpatterns = [
    path("consultations/", include("content.urls.patient")),
    path("workspace/", include("content.urls.doctor")),
]
