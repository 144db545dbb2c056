"""The namespace `pharmacy` of the platform host."""

from django.urls import include, path

app_name = "pharmacy"

urlpatterns = [
    path("rx/", include("pharmacy.urls.public")),
    path("me/prescriptions/", include("pharmacy.urls.me")),
    path("me/orders/", include("pharmacy.urls.me_orders")),
]
