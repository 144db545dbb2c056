"""The namespace `pharmacy` of the clinic's host."""

from django.urls import include, path

app_name = "pharmacy"

urlpatterns = [
    path("prescriptions/", include("pharmacy.urls.patient")),
    path("workspace/", include("pharmacy.urls.doctor")),
    path("orders/", include("pharmacy.urls.substitutions")),
    path("", include("pharmacy.urls.orders")),
]
