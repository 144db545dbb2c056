"""A patient's orders over all clinics, on the platform host."""

from django.urls import path

from pharmacy.views import me_orders

app_name = "me-orders"

urlpatterns = [
    path("", me_orders.orders, name="orders"),
]
