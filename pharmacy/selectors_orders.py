"""Reading orders of the active clinic, always within what the asker may see."""

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from accounts.selectors import patients_of
from pharmacy.models import Order, OrderItem


def orders_of(user: User) -> QuerySet[Order]:
    """Of the patients whom `user` may act for; nobody else's."""
    return _with_all(Order.objects.filter(patient_id__in=patients_of(user).order_by().values("pk")))


def desk_orders() -> QuerySet[Order]:
    """All of the clinic, for those who hold `orders.view`."""
    return _with_all(Order.objects.all())


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
