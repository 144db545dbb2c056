"""An order as what a payment pays for."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.policies import can, request_membership
from pharmacy.models import Order
from precta.payments.models import PaymentPurpose
from precta.payments.subjects import Subject, payment_subject


@payment_subject(PaymentPurpose.ORDER)
def order_paid_for(request: HttpRequest, order_id: str) -> Subject | None:
    order = Order.objects.filter(pk=order_id).only("pk").first()
    if order is None:
        return None
    may_open = can(request_membership(request), "orders.view")
    url = reverse("admin:pharmacy_order_change", args=[order.pk]) if may_open else ""
    return Subject(_("Order %(number)s") % {"number": order.number}, "package", url)
