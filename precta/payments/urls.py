"""The addresses of payments on the platform host."""

from django.urls import path

from precta.payments import views

app_name = "payments"
urlpatterns = [
    path("paystack/webhook/", views.paystack_webhook, name="paystack-webhook"),
]
