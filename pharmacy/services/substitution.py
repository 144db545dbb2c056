"""Another medicine in the place of one that the pharmacy cannot give: proposed by staff, decided by the patient."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from pharmacy.exceptions import (
    AnswerAwaited,
    DispensedAlready,
    MoreThanPrescribed,
    NotASubstitute,
    OutOfStock,
    PrescriptionReplaced,
    SubstitutionClosed,
)
from pharmacy.models import (
    OPEN_STATUSES,
    Medicine,
    Order,
    OrderItem,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.services.allowance import Allowance, locked_allowance
from pharmacy.services.desk import dispensed_of, locked
from pharmacy.services.order_changes import reprice
from pharmacy.services.ordering import name_of
from pharmacy.services.stock import lock_medicines, release, reserve
from pharmacy.substitutes import can_go_back, price_for, suits
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.payments.models import Payment, PaymentPurpose


@transaction.atomic
def propose(*, item: OrderItem, medicine: Medicine, quantity: int, reason: str, by_user: User) -> Substitution:
    """Ask the patient whether `quantity` packs of `medicine` may take the place of the line.

    It never costs them more than the line. Raises OrderChanged, NotASubstitute, DispensedAlready, OutOfStock when there
    are not as many now, MoreThanPrescribed when the prescription does not give as many, PrescriptionReplaced when it
    gives nothing any more, and AnswerAwaited while an earlier question is open.
    """
    allowance = _allowance(item.order_id)
    order = locked(item.order_id, *OPEN_STATUSES)
    line = OrderItem.objects.select_related("medicine").get(pk=item.pk)
    if line.quantity == 0 or quantity < 1 or not suits(line, medicine):
        raise NotASubstitute
    check_allowed(line, medicine, quantity, allowance)
    if dispensed_of(line):
        raise DispensedAlready
    if Substitution.objects.filter(item=line, status=SubstitutionStatus.PROPOSED).exists():
        raise AnswerAwaited
    left = Medicine.objects.values_list("stock", flat=True).get(pk=medicine.pk)
    if left < quantity:
        raise OutOfStock({medicine.pk: left})
    price = price_for(line, medicine, quantity)
    if not can_go_back(line.total_price - price * quantity):
        raise NotASubstitute
    asked = Substitution.objects.create(
        item=line,
        medicine=medicine,
        replaced=line.medicine,
        quantity=quantity,
        unit_price=price,
        reason=reason.strip(),
        proposed_by=by_user,
    )
    record("substitution.proposed", resource=order, user=by_user, details=_details(asked))
    emit("substitution.proposed", order_id=order.pk, substitution_id=asked.pk)
    return asked


def answer(
    *, substitution: Substitution, by_user: User, accepts: bool, consent: str = "", now: datetime | None = None
) -> Substitution:
    """The patient's answer; `consent` is how they gave it when staff note it ("on the phone"), empty when they answer
    on their own page.

    Accepted, the packs of the one are reserved and those of the other given back, the line and the order's sums follow,
    and what it costs less goes back to the payer. Raises OrderChanged, SubstitutionClosed, and OutOfStock when the
    proposed medicine was sold meanwhile: the question is then withdrawn. Call it outside transactions.
    """
    now = now or clock.now()
    try:
        with transaction.atomic():
            return _answer(substitution, by_user, accepts, consent.strip(), now)
    except (OutOfStock, NotASubstitute, MoreThanPrescribed, PrescriptionReplaced):
        with transaction.atomic():
            order = locked(substitution.item.order_id, *OPEN_STATUSES)
            if _close(substitution, SubstitutionStatus.WITHDRAWN, by_user, now):
                details = {**_details(substitution), "why": "not to be had any more"}
                record("substitution.withdrawn", resource=order, user=by_user, details=details)
                emit("substitution.answered", order_id=order.pk, substitution_id=substitution.pk, how="sold_out")
        raise


@transaction.atomic
def withdraw(*, substitution: Substitution, by_user: User, now: datetime | None = None) -> Substitution:
    """The pharmacy takes its question back. Raises OrderChanged, SubstitutionClosed."""
    order = locked(substitution.item.order_id, *OPEN_STATUSES)
    _close_or_refuse(substitution, SubstitutionStatus.WITHDRAWN, by_user, now or clock.now())
    record("substitution.withdrawn", resource=order, user=by_user, details=_details(substitution))
    return substitution


def _answer(asked: Substitution, by_user: User, accepts: bool, consent: str, now: datetime) -> Substitution:
    allowance = _allowance(asked.item.order_id) if accepts else None
    order = locked(asked.item.order_id, *OPEN_STATUSES)
    to = SubstitutionStatus.ACCEPTED if accepts else SubstitutionStatus.DECLINED
    _close_or_refuse(asked, to, by_user, now, consent=consent)
    if accepts:
        _replace(order, asked, by_user, allowance)
    details = {**_details(asked), "how": "staff" if consent else "patient"}
    record(
        "substitution.accepted" if accepts else "substitution.declined", resource=order, user=by_user, details=details
    )
    emit("substitution.answered", order_id=order.pk, substitution_id=asked.pk, how=details["how"])
    return asked


def _replace(order: Order, asked: Substitution, by_user: User, allowance: Allowance | None) -> None:
    from precta.payments.services import give_back

    line = OrderItem.objects.select_related("medicine").get(pk=asked.item_id)
    # As it is under its lock: nobody changes what was ordered (`catalogue.save_medicine`).
    medicine = lock_medicines([line.medicine_id, asked.medicine_id])[asked.medicine_id]
    if line.medicine_id != asked.replaced_id or dispensed_of(line) or not suits(line, medicine):
        raise NotASubstitute
    check_allowed(line, medicine, asked.quantity, allowance)
    reserve(order=order, packs=[(medicine.pk, asked.quantity)], by=by_user)
    release(order=order, packs=[(line.medicine_id, line.quantity)], by=by_user)
    saved = line.total_price - asked.unit_price * asked.quantity
    if not can_go_back(saved):
        raise NotASubstitute  # packs were taken out of the line since
    line.medicine, line.name, line.directions = medicine, name_of(medicine), ""
    if asked.quantity != line.quantity:
        # Packs of another size: what was asked for is counted in these from now on.
        line.quantity = line.ordered_quantity = asked.quantity
        line.removal_reason = ""
    line.unit_price, line.total_price = asked.unit_price, asked.unit_price * asked.quantity
    payments = Payment.objects.select_for_update(no_key=True).filter(type=PaymentPurpose.ORDER, subject_id=order.pk)
    locked_payments = list(payments.order_by("pk"))
    line.save()
    reprice(order)
    give_back(locked_payments, saved, reason="substituted", key=f"substitution:{asked.pk}")


def _allowance(order_id: str) -> Allowance | None:
    """What the order's prescription still gives, locked, which comes before the order's own lock."""
    prescription_id = Order.objects.values_list("prescription_id", flat=True).get(pk=order_id)
    return locked_allowance(prescription_id) if prescription_id is not None else None


def check_allowed(line: OrderItem, medicine: Medicine, quantity: int, allowance: Allowance | None) -> None:
    """Raises MoreThanPrescribed when the prescription, without this line, does not give as many packs, and
    PrescriptionReplaced when another one gives them now: what was ordered from that one is not counted here."""
    if line.prescription_line is None or allowance is None or not medicine.is_prescription_only:
        return
    if allowance.prescription.replacement is not None:
        raise PrescriptionReplaced
    allowance.take(line.prescription_line, line.medicine, -line.quantity)
    left = allowance.left(line.prescription_line, medicine)
    if quantity > left:
        raise MoreThanPrescribed({medicine.pk: left})


def _close_or_refuse(asked: Substitution, to: str, by_user: User, now: datetime, *, consent: str = "") -> None:
    if not _close(asked, to, by_user, now, consent=consent):
        raise SubstitutionClosed(Substitution.objects.values_list("status", flat=True).get(pk=asked.pk))


def _close(asked: Substitution, to: str, by_user: User, now: datetime, *, consent: str = "") -> bool:
    changes = {"status": to, "answered_by_id": by_user.pk, "answered_at": now, "consent": consent}
    changed = Substitution.objects.filter(pk=asked.pk, status=SubstitutionStatus.PROPOSED).update(**changes)
    if changed:
        for name, value in changes.items():
            setattr(asked, name, value)
    return bool(changed)


def _details(asked: Substitution) -> dict[str, Any]:
    return {"substitution": asked.pk, "line": asked.item_id, "packs": asked.quantity}
