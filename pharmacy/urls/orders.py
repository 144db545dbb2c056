"""The pharmacy's counter and the orders of the patient's side, on the clinic's host.

Who may open what: the counter and the basket anybody; the checkout every patient; an order, and everything below it,
belongs to the patient's side: a stranger signs in first, to anybody else it is a 404.
"""

from django.urls import path

from pharmacy.views import checkout, counter, order_pay, orders
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "orders"

urlpatterns = [
    path("pharmacy/", counter.counter, name="counter"),
    path("pharmacy/basket/", counter.basket, name="basket"),
    path("pharmacy/checkout/", checkout.checkout, name="checkout"),
    path("prescriptions/<id:prescription_id>/order/", counter.fill, name="fill"),
    path("orders/<id:order_id>/", orders.detail, name="order"),
    path("orders/<id:order_id>/cancel/", orders.cancel, name="cancel"),
    path("orders/<id:order_id>/receipt/", orders.receipt, name="receipt"),
    path("orders/<id:order_id>/pay/", order_pay.pay, name="pay"),
    path("orders/<id:order_id>/pay/status/", order_pay.pay_status, name="pay-status"),
    path("orders/<id:order_id>/pay/return/", order_pay.pay_return, name="pay-return"),
]
