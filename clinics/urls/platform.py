"""The namespace `clinics` of the platform host."""

from django.urls import include, path

app_name = "clinics"
urlpatterns = [path("join/clinic/", include("clinics.urls.join"))]
