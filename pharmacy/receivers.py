"""What payments tell this app; each receiver calls one service."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from pharmacy.services import order_confirmation
from precta.payments.models import Payment
from precta.payments.signals import payment_completed, payment_settling


@receiver(payment_settling, sender=Payment, dispatch_uid="pharmacy.take_locks")
def on_payment_settling(sender: type[Payment], *, payment: Payment, **kwargs: Any) -> None:
    order_confirmation.take_locks(payment=payment)


@receiver(payment_completed, sender=Payment, dispatch_uid="pharmacy.place_paid")
def on_payment_completed(sender: type[Payment], *, payment: Payment, now: datetime, **kwargs: Any) -> None:
    order_confirmation.place_paid(payment=payment, now=now)
