"""Reading orders of the active clinic, always within what the asker may see."""

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from accounts.selectors import patients_of
from pharmacy.models import Order, OrderItem, OrderStatus, Prescription
from precta.payments.models import Payment
from precta.payments.selectors import payments_for


def orders_of(user: User) -> QuerySet[Order]:
    """Of the patients whom `user` may act for; nobody else's."""
    return _with_all(Order.objects.filter(patient_id__in=patients_of(user).order_by().values("pk")))


def payments_of(order: Order) -> list[Payment]:
    """Money that came in for the order, oldest first, with what went back of it."""
    rows = payments_for(order.pk).filter(paid_at__isnull=False).prefetch_related("refunds")
    return list(rows.order_by("paid_at", "pk"))


def orders_of_prescription(prescription: Prescription, user: User) -> list[Order]:
    """What was ordered against it and stands or is being paid, latest first."""
    rows = orders_of(user).filter(prescription=prescription).exclude(status=OrderStatus.CANCELLED)
    return list(rows.order_by("-created_at"))


def payable_orders(user: User) -> QuerySet[Order]:
    """Those that `user` may pay for, with their payment."""
    return Order.objects.filter(patient_id__in=patients_of(user).order_by().values("pk")).select_related(
        "patient", "payment"
    )


def successor_of(order: Order) -> Order | None:
    """The order that money which came late made of an ended one."""
    if order.payment_id is None:
        return None
    return Order.objects.filter(payment=order.payment_id).exclude(pk=order.pk).order_by("-created_at").first()


def _with_all(rows: QuerySet[Order]) -> QuerySet[Order]:
    """With people, prescription and lines, in two statements however many there are."""
    items = OrderItem.objects.select_related("medicine").order_by("position")
    return rows.select_related("patient", "prescription", "payment").prefetch_related(Prefetch("items", items))
