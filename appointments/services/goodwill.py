"""Money that the clinic gives back beyond its rules, of a visit that stands or of one that is over."""

from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from accounts.models import User
from appointments.exceptions import PaymentChanged, RefundOutOfRange
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus
from appointments.services.cancellation import drop_open_moves
from precta import clock
from precta.audit.services import record
from precta.payments.exceptions import NotRefundable
from precta.payments.models import Payment, PaymentPurpose, Refund
from precta.payments.selectors import net_received

_KEY = "part:"
# A visit that stands costs what is paid for it (I2): what goes back makes it cheaper.
STANDING = (AppointmentStatus.CONFIRMED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)


def goodwill_of(visit: Appointment) -> Decimal:
    """By how much such decisions have made a standing visit cheaper, and the visits that it was moved from."""
    parts = Refund.objects.filter(payment__subject_id=visit.pk, key__startswith=_KEY)
    return parts.aggregate(total=Sum("amount"))["total"] or Decimal(0)


@transaction.atomic
def give_back_part(
    *, payment: Payment, amount: Decimal, reason: str, by_user: User, key: str, expected_left: Decimal | None = None
) -> Refund:
    """Give `amount` of a visit's payment back, whatever the rules say; the sending follows at commit.

    A visit that stands costs that much less from then on, a cancelled one has that much more `refund_due`; a time held
    for moving it to a dearer one is let go of, since its price was reckoned from what was paid. The same `key` is the
    same decision. Raises PaymentChanged when `expected_left` (what was shown as left of the payment) is not what is
    left now, RefundOutOfRange for more than that, NotRefundable when the payment is for no visit or no money of it is
    here. Whoever raises has changed nothing. The caller answers for `by_user` being allowed to.
    """
    from precta.payments.services import request_refund

    seen = Appointment.objects.filter(pk=payment.subject_id).first()
    if payment.type != PaymentPurpose.APPOINTMENT or seen is None:
        raise NotRefundable(payment.status)
    lock_doctor(seen.doctor_id)
    visit = Appointment.objects.select_for_update(no_key=True, of=("self",)).get(pk=seen.pk)
    locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    key = _KEY + key
    done = Refund.objects.filter(payment=locked, key=key).first()
    if done is not None:
        return done
    left = net_received(locked)
    if locked.subject_id != visit.pk or (expected_left is not None and left != expected_left):
        raise PaymentChanged
    if not 0 < amount <= left:
        raise RefundOutOfRange
    if visit.status in STANDING:
        if amount > visit.fee:
            raise RefundOutOfRange
        drop_open_moves(visit, by_user=by_user, now=clock.now())
        Appointment.objects.filter(pk=visit.pk).update(fee=F("fee") - amount)
    elif visit.status == AppointmentStatus.CANCELLED:
        Appointment.objects.filter(pk=visit.pk).update(refund_due=F("refund_due") + amount)
    record(
        "appointment.part_given_back",
        resource=visit,
        user=by_user,
        details={"payment": locked.pk, "amount": str(amount), "left": str(left - amount)},
    )
    return request_refund(payment=locked, amount=amount, reason=reason, key=key, user=by_user)
