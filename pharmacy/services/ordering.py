"""Ordering medicines: from a basket to an order whose packs are held while it is paid, and letting go of those never
paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, transaction

from accounts.models import Patient, User
from accounts.policies import may_act_for
from accounts.services.clinic_links import is_admitted
from clinics.models import Clinic
from pharmacy import order_reasons as reasons
from pharmacy.delivery import delivery_fee
from pharmacy.exceptions import (
    CareConsentNeeded,
    EmailNotConfirmed,
    InvalidOrderTransition,
    MoreThanPrescribed,
    NotForThisPatient,
    NothingOrdered,
    NotSold,
    OrderKeyReused,
    PrescriptionNeeded,
    PrescriptionNotValid,
    TooManyUnpaidOrders,
    TotalChanged,
    TotalTooHigh,
)
from pharmacy.locks import lock_person
from pharmacy.models import (
    Fulfilment,
    Medicine,
    Order,
    OrderItem,
    OrderStatus,
    Prescription,
    PrescriptionState,
)
from pharmacy.services.allowance import Allowance, locked_allowance
from pharmacy.services.stock import release, reserve
from pharmacy.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.constraints import sqlstate, violated
from precta.ids import new_id
from precta.inserts import insert
from precta.payments.models import PaymentPurpose

MOST_UNPAID_ORDERS = 3
MOST_LINES = 30
MOST_PACKS = 60
# What no payment can be of: numeric(10, 2) ends below it.
TOO_MUCH = Decimal(10**8)
EXPIRY_BATCH = 500
RETRIED = {"40P01", "40001"}  # deadlock, serialization failure


@dataclass(frozen=True, slots=True)
class OrderLine:
    """`quantity` packs of a medicine; `prescription_line` is the place (from 0) of the line that they fill."""

    medicine_id: str
    quantity: int
    prescription_line: int | None = None


def place_order(
    *,
    patient: Patient,
    placed_by: User,
    clinic: Clinic,
    lines: Sequence[OrderLine],
    prescription: Prescription | None = None,
    fulfilment: str,
    delivery_address: str = "",
    delivery_notes: str = "",
    delivery_zone: str = "",
    contact_phone: str = "",
    idempotency_key: str,
    method: str,
    payer_phone: str = "",
    expected_total: Decimal | None = None,
    now: datetime | None = None,
) -> Order:
    """Reserve the packs of `lines` for an order of `patient`, held until `hold_expires_at` while it is paid.

    `clinic` is a fresh row, its schema is active; prices, fee and total are the clinic's own as they are now. The same
    `idempotency_key` of the same person gives the same order again, whatever has become of it. One transaction; when it
    raises, nothing was written: `OutOfStock`, `TotalChanged` when `expected_total` (what was shown) is not what it
    comes to now, `PrescriptionNeeded`, `PrescriptionNotValid`, `MoreThanPrescribed`, `NotSold`, `NotDelivered`,
    `NothingOrdered`, `TotalTooHigh`, `TooManyUnpaidOrders`, `OrderKeyReused`, `EmailNotConfirmed`,
    `NotForThisPatient`, `CareConsentNeeded`.
    """
    if not placed_by.email_verified:
        raise EmailNotConfirmed
    if patient.pk != placed_by.pk and not may_act_for(placed_by, patient):
        raise NotForThisPatient
    if not is_admitted(patient=patient, clinic=clinic):
        raise CareConsentNeeded
    if not clinic.policy.sells_medicines:
        raise NotSold
    if not 0 < len(lines) <= MOST_LINES or any(not 0 < line.quantity <= MOST_PACKS for line in lines):
        raise NothingOrdered
    is_brought = fulfilment == Fulfilment.DELIVERY
    if is_brought and not delivery_address.strip():
        raise NothingOrdered
    wanted = Order(
        patient=patient,
        placed_by=placed_by,
        prescription=prescription,
        currency=clinic.policy.currency,
        fulfilment=fulfilment,
        delivery_address=delivery_address if is_brought else "",
        delivery_notes=delivery_notes if is_brought else "",
        delivery_zone=delivery_zone if is_brought else "",
        contact_phone=contact_phone,
        idempotency_key=idempotency_key,
    )
    attempt = (wanted, clinic, list(lines), method, payer_phone, expected_total, now)
    try:
        return _place_once(*attempt)
    except DatabaseError as error:
        if sqlstate(error) not in RETRIED and not violated(error, "order_once_per_key"):
            raise
    # A deadlock, or the same key a moment earlier: the second try meets a settled state.
    return _place_once(*attempt)


def _place_once(
    wanted: Order,
    clinic: Clinic,
    lines: list[OrderLine],
    method: str,
    payer_phone: str,
    expected_total: Decimal | None,
    now: datetime | None,
) -> Order:
    """One attempt in one transaction. `wanted` is not saved; the row that is returned is."""
    from precta.payments.services import start_payment

    wanted.pk = new_id()
    wanted._state.adding = True
    with transaction.atomic():
        lock_person(wanted.placed_by_id)
        now = now or clock.now()
        earlier = _earlier(wanted, lines, now)
        if earlier is not None:
            return earlier
        allowance = None
        if wanted.prescription_id is not None:
            today = now.astimezone(clinic.policy.tz).date()
            allowance = usable_allowance(wanted.prescription_id, patient_id=wanted.patient_id, today=today)
        medicines = reserve(order=wanted, packs=[(line.medicine_id, line.quantity) for line in lines])
        check_prescribed(lines, medicines, allowance)
        items = _items(wanted, lines, medicines)
        wanted.subtotal = sum((item.total_price for item in items), Decimal(0))
        wanted.delivery_fee = delivery_fee(
            policy=clinic.policy,
            fulfilment=wanted.fulfilment,
            zone=wanted.delivery_zone,
            subtotal=wanted.subtotal,
        )
        wanted.total_amount = wanted.subtotal + wanted.delivery_fee
        if wanted.total_amount >= TOO_MUCH:
            raise TotalTooHigh
        if expected_total is not None and wanted.total_amount != expected_total:
            raise TotalChanged(wanted.total_amount)
        wanted.hold_expires_at = now + clinic.policy.hold
        wanted.payment = start_payment(
            payer=wanted.placed_by,
            purpose=PaymentPurpose.ORDER,
            subject_id=wanted.pk,
            amount=wanted.total_amount,
            currency=wanted.currency,
            method=method,
            payer_phone=payer_phone,
        )
        insert(wanted)
        OrderItem.objects.bulk_create(items)
        record("order.held", resource=wanted, user=wanted.placed_by, details=facts_of(wanted))
    return wanted


def usable_allowance(prescription_id: str, *, patient_id: str, today: date) -> Allowance:
    """What the prescription still gives, locked; raises PrescriptionNotValid when it is not this patient's, or not
    valid on `today`."""
    try:
        allowance = locked_allowance(prescription_id)
    except Prescription.DoesNotExist:
        raise PrescriptionNotValid from None
    prescription = allowance.prescription
    if prescription.patient_id != patient_id or prescription.state(today) != PrescriptionState.ACTIVE:
        raise PrescriptionNotValid
    return allowance


def check_prescribed(lines: Sequence[OrderLine], medicines: dict[str, Medicine], allowance: Allowance | None) -> None:
    """Raises PrescriptionNeeded when a prescription-only medicine fills no line that prescribes it, and
    MoreThanPrescribed when the line does not give as many packs any more. What anybody may buy is not limited."""
    without: list[str] = []
    short: dict[str, int] = {}
    for line in lines:
        medicine = medicines[line.medicine_id]
        place = line.prescription_line
        fills = allowance is not None and place is not None and allowance.answers(place, medicine)
        if place is not None and not fills:
            without.append(medicine.pk)
        elif fills and allowance is not None and place is not None:
            left = allowance.left(place, medicine)
            if medicine.is_prescription_only and line.quantity > left:
                short[medicine.pk] = left
            allowance.take(place, medicine, line.quantity)
        elif medicine.is_prescription_only:
            without.append(medicine.pk)
    if without:
        raise PrescriptionNeeded(without)
    if short:
        raise MoreThanPrescribed(short)


def _items(order: Order, lines: Sequence[OrderLine], medicines: dict[str, Medicine]) -> list[OrderItem]:
    return [
        OrderItem(
            order=order,
            medicine=medicines[line.medicine_id],
            position=position,
            name=name_of(medicines[line.medicine_id]),
            quantity=line.quantity,
            ordered_quantity=line.quantity,
            unit_price=medicines[line.medicine_id].price,
            total_price=line.quantity * medicines[line.medicine_id].price,
            prescription_line=line.prescription_line,
        )
        for position, line in enumerate(lines, start=1)
    ]


def name_of(medicine: Medicine) -> str:
    """The medicine as an order's line keeps it: with its brand, form and pack."""
    brand = f" ({medicine.brand_name})" if medicine.brand_name else ""
    pack = f"{medicine.pack_size} {medicine.pack_unit}"
    return f"{medicine}{brand}, {medicine.get_form_display().lower()}, {pack}"[:200]


# As SQL because every order runs it.
_IN_THE_WAY = """
SELECT * FROM pharmacy_order
 WHERE placed_by = %s AND (idempotency_key = %s OR (status = 'pending_payment' AND hold_expires_at > %s))
"""


def _earlier(wanted: Order, lines: Sequence[OrderLine], now: datetime) -> Order | None:
    """The order that this key made earlier. Raises OrderKeyReused and TooManyUnpaidOrders."""
    rows = list(Order.objects.raw(_IN_THE_WAY, [wanted.placed_by_id, wanted.idempotency_key, now]))
    for row in rows:
        if row.idempotency_key == wanted.idempotency_key:
            if _asks_for(row) != _asks_for(wanted) or _is_other(row, lines):
                raise OrderKeyReused
            return row
    if len(rows) >= MOST_UNPAID_ORDERS:
        raise TooManyUnpaidOrders
    return None


def _asks_for(order: Order) -> tuple[Any, ...]:
    names = ("patient_id", "prescription_id", "fulfilment", "delivery_address", "delivery_notes", "delivery_zone")
    return tuple(getattr(order, name) for name in (*names, "contact_phone"))


def _is_other(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether the order holds something else than these lines; the pharmacy may have changed one that is paid."""
    if order.status != OrderStatus.PENDING_PAYMENT:
        return False
    held = OrderItem.objects.filter(order=order).order_by("position")
    return list(held.values_list("medicine_id", "quantity")) != [(line.medicine_id, line.quantity) for line in lines]


def release_order(order: Order, *, now: datetime) -> None:
    """Let go of an unpaid order, in the caller's transaction; `InvalidOrderTransition` when it is not one any more."""
    move(
        order,
        OrderStatus.CANCELLED,
        cancelled_at=now,
        cancellation_reason=reasons.HOLD_EXPIRED,
        refund_due=Decimal(0),
    )
    release(order=order, packs=packs_of(order))
    record("order.expired", resource=order, details=facts_of(order))


def packs_of(order: Order) -> list[tuple[str, int]]:
    """What is reserved for the order."""
    return list(OrderItem.objects.filter(order=order, quantity__gt=0).values_list("medicine_id", "quantity"))


def expire_orders(now: datetime | None = None) -> int:
    """Let go of every unpaid order of the active clinic whose hold ended before `now`, the number let go.

    Who is asked before, and how long an order is spared, says `precta.payments.services.holds`.
    """
    from precta.payments.services import let_go

    now = now or clock.now()
    due = (
        Order.objects.filter(status=OrderStatus.PENDING_PAYMENT, hold_expires_at__lte=now)
        .select_related("payment")
        .order_by("hold_expires_at")[:EXPIRY_BATCH]
    )

    def release_one(order: Order) -> bool:
        try:
            with transaction.atomic():
                release_order(order, now=now)
        except InvalidOrderTransition:
            return False  # paid or cancelled since we read it
        return True

    return let_go(due, now=now, release=release_one)


def facts_of(order: Order) -> dict[str, str]:
    return {"total": str(order.total_amount), "fulfilment": order.fulfilment} | (
        {"prescription": order.prescription_id} if order.prescription_id else {}
    )
