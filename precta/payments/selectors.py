"""Reading money. Payments carry no owner's scope of their own: ask with a subject that the reader may see."""

from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from precta.payments.models import Payment, PaymentStatus, Refund, RefundStatus

ZERO = Decimal("0.00")
_RECEIVED = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)


def payments_for(subject_id: str) -> QuerySet[Payment]:
    """All attempts to pay for a subject, newest first, with those that were paid twice."""
    return Payment.objects.filter(Q(subject_id=subject_id) | Q(duplicate_of__subject_id=subject_id)).order_by(
        "-created_at", "-pk"
    )


def paid_total(subject_id: str) -> Decimal:
    """Money that came in for a subject, before refunds; a second success that went back by itself is not counted."""
    rows = Payment.objects.filter(subject_id=subject_id, status__in=_RECEIVED)
    return rows.aggregate(total=Sum("amount"))["total"] or ZERO


def refunded_total(subject_id: str) -> Decimal:
    """Money that went or is going back for a subject: every refund that has not failed."""
    rows = Refund.objects.filter(payment__subject_id=subject_id).exclude(status=RefundStatus.FAILED)
    return rows.aggregate(total=Sum("amount"))["total"] or ZERO


def refunded_of(payment: Payment, *, only_processed: bool = False) -> Decimal:
    rows = payment.refunds.exclude(status=RefundStatus.FAILED)
    if only_processed:
        rows = rows.filter(status=RefundStatus.PROCESSED)
    return rows.aggregate(total=Sum("amount"))["total"] or ZERO


def net_received(payment: Payment) -> Decimal:
    """What of this payment is with us and not on its way back."""
    return payment.amount - refunded_of(payment) if payment.status in _RECEIVED else ZERO


def has_money_aside(subject_id: str) -> bool:
    """Whether money came in for the subject that is not what was asked for, and waits for a person."""
    aside = payments_for(subject_id).filter(put_aside_at__isnull=False)
    return aside.exclude(status__in=_RECEIVED).exists()


def open_payment(subject_id: str) -> Payment | None:
    """The newest attempt that still waits for money."""
    return payments_for(subject_id).filter(status=PaymentStatus.PENDING).first()
