"""An order as what a payment pays for."""

from functools import partial

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.policies import can, request_membership
from pharmacy.models import Order
from pharmacy.services.order_paying import is_payable, take_cash_for
from precta import clock
from precta.payments.models import PaymentPurpose
from precta.payments.subjects import Subject, payment_subject


@payment_subject(PaymentPurpose.ORDER)
def order_paid_for(request: HttpRequest, order_id: str) -> Subject | None:
    order = Order.objects.select_related("payment").filter(pk=order_id).first()
    if order is None:
        return None
    may_open = can(request_membership(request), "orders.view")
    url = reverse("admin:pharmacy_order_change", args=[order.pk]) if may_open else ""
    take_cash = partial(take_cash_for, order=order) if is_payable(order, clock.now()) else None
    return Subject(_("Order %(number)s") % {"number": order.number}, "package", url, take_cash)
