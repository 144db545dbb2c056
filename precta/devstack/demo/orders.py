"""What people ordered of the demo's pharmacies in the last weeks: some in every status, a few of them the first
patient's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Patient, User
from clinics.models import Clinic
from pharmacy.delivery import delivery_fee
from pharmacy.directions import written_for
from pharmacy.matching import match_lines
from pharmacy.models import (
    Dispensing,
    Fulfilment,
    Medicine,
    MedicineBatch,
    MovementKind,
    Order,
    OrderItem,
    OrderStatus,
    Prescription,
    StockMovement,
    Substitution,
)
from pharmacy.services.ordering import name_of
from pharmacy.substitutes import price_for, suits
from precta.devstack.demo.catalogue import Catalogue
from precta.devstack.demo.dice import Dice
from precta.devstack.demo.money import Sold, Till
from precta.payments.models import PaymentStatus

# How they stand, and how many hours ago they were made.
PLACED, PROCESSING = OrderStatus.PLACED, OrderStatus.PROCESSING
ORDERS: tuple[tuple[str, int], ...] = (
    *((OrderStatus.DELIVERED, hours) for hours in (620, 480, 410, 300, 210, 150, 98)),
    *((OrderStatus.CANCELLED, hours) for hours in (330, 120)),
    *((OrderStatus.DISPATCHED, hours) for hours in (20, 8)),
    *((PROCESSING, hours) for hours in (6, 4)),
    *((PLACED, hours) for hours in (5, 3, 2, 1)),
    (OrderStatus.PENDING_PAYMENT, 0),
)
# Those of the first patient: one in each status.
MINE: dict[str, int] = {
    OrderStatus.DELIVERED: 98,
    OrderStatus.CANCELLED: 120,
    OrderStatus.DISPATCHED: 8,
    PROCESSING: 4,
    PLACED: 1,
}
STREETS = ("Ngong Road", "Argwings Kodhek Road", "Muthaiga Road", "Moi Avenue", "Likoni Road", "Jogoo Road")
COURIERS = (("Juma Kariuki", "+254711000101"), ("Faith Atieno", "+254722000202"), ("Ali Salim", "+254733000303"))
COUNTER = ("Paracetamol", "Ibuprofen", "Cetirizine", "Oral rehydration salts", "Clotrimazole")
REFUND_REASON = "cancelled"
SOLD_OUT = "It did not come with the last delivery"


@dataclass(slots=True)
class Counter:
    """Builds one clinic's orders; the stock and the shelf of `made` change with them."""

    dice: Dice
    clinic: Clinic
    made: Catalogue
    till: Till
    now: datetime
    pharmacist: User | None
    orders: list[Order] = field(default_factory=list)
    items: list[OrderItem] = field(default_factory=list)
    dispensings: list[Dispensing] = field(default_factory=list)
    substitutions: list[Substitution] = field(default_factory=list)
    _ordered: set[str] = field(default_factory=set)

    def build(self, patients: Sequence[Patient], prescriptions: Sequence[Prescription]) -> None:
        """`patients` are those whom the clinic knows, the demo's own first."""
        adults = [patient for patient in patients if patient.user.has_email and patient.user.email_verified]
        if not adults or self.pharmacist is None:
            return
        for status, hours in ORDERS:
            mine = MINE.get(status) == hours or status == OrderStatus.PENDING_PAYMENT
            patient = adults[0] if mine else self.dice.choice(adults)
            made_at = self.now - timedelta(hours=hours, minutes=self.dice.randint(2, 40) if hours else 1)
            lines, prescription = self._from_prescription(patient, prescriptions, made_at)
            lines += self._over_the_counter(1 if lines else self.dice.randint(1, 3))
            if lines:
                self._order(patient, status, made_at, lines, prescription)

    def _from_prescription(
        self, patient: Patient, prescriptions: Sequence[Prescription], at: datetime
    ) -> tuple[list[tuple[Medicine, int, int | None]], Prescription | None]:
        replaced = {prescription.replaces_id for prescription in prescriptions}
        day = at.astimezone(self.clinic.policy.tz).date()
        for prescription in prescriptions:
            is_valid = prescription.issued_at < at and (
                prescription.valid_until is None or prescription.valid_until >= day
            )
            if prescription.patient_id != patient.pk or not is_valid or prescription.pk in replaced | self._ordered:
                continue
            best = [match.best for match in match_lines(prescription.medications, self.made.medicines)]
            lines: list[tuple[Medicine, int, int | None]] = [
                (offer.medicine, offer.suggested, place)
                for place, offer in enumerate(best)
                if offer is not None and self._on_shelf(offer.medicine, offer.suggested)
            ]
            if lines:
                self._ordered.add(prescription.pk)
                return lines, prescription
        return [], None

    def _over_the_counter(self, count: int) -> list[tuple[Medicine, int, int | None]]:
        sold = [one for one in self.made.medicines if one.generic_name in COUNTER and not one.is_prescription_only]
        there = [medicine for medicine in sold if self._on_shelf(medicine, 4)]
        return [
            (medicine, self.dice.randint(1, 2), None) for medicine in self.dice.sample(there, min(count, len(there)))
        ]

    def _on_shelf(self, medicine: Medicine, packs: int) -> MedicineBatch | None:
        """A batch with so many packs, all of which may still be sold."""
        today = self.now.date() + timedelta(days=60)
        batches = [one for one in self.made.batches if one.medicine is medicine and one.expires_on > today]
        return next((one for one in batches if min(one.on_hand, medicine.stock) >= packs), None)

    def _order(
        self,
        patient: Patient,
        status: str,
        at: datetime,
        lines: list[tuple[Medicine, int, int | None]],
        prescription: Prescription | None,
    ) -> None:
        is_brought = self.clinic.policy.offers_delivery and self.dice.chance(0.7)
        subtotal = sum((medicine.price * packs for medicine, packs, _place in lines), Decimal(0))
        zones = self.clinic.policy.delivery_zones
        zone = self.dice.choice(zones).name if is_brought and zones else ""
        way = Fulfilment.DELIVERY if is_brought else Fulfilment.PICKUP
        fee = delivery_fee(policy=self.clinic.policy, fulfilment=way, zone=zone, subtotal=subtotal)
        order = Order(
            id=self.dice.id(),
            patient=patient,
            placed_by=patient.user,
            prescription=prescription,
            status=status,
            subtotal=subtotal,
            delivery_fee=fee,
            total_amount=subtotal + fee,
            currency=self.clinic.policy.currency,
            fulfilment=way,
            delivery_address=f"{self.dice.choice(STREETS)} {self.dice.randint(2, 180)}" if is_brought else "",
            delivery_zone=zone,
            contact_phone=self.dice.phone(),
            idempotency_key=self.dice.id(),
            created_at=at,
        )
        self.orders.append(order)
        for position, (medicine, packs, place) in enumerate(lines, start=1):
            self._line(order, position, medicine, packs, place)
        self._pay(order, at)
        self._stages(order, at)

    def _line(self, order: Order, position: int, medicine: Medicine, packs: int, place: int | None) -> None:
        item = OrderItem(
            id=self.dice.id(),
            order=order,
            medicine=medicine,
            position=position,
            name=name_of(medicine),
            quantity=packs,
            ordered_quantity=packs,
            unit_price=medicine.price,
            total_price=packs * medicine.price,
            prescription_line=place,
        )
        self.items.append(item)
        self._move(order, medicine, MovementKind.RESERVED, order.created_at, change=-packs)
        if order.status == OrderStatus.CANCELLED:
            self._move(order, medicine, MovementKind.RELEASED, order.created_at + timedelta(hours=2), change=packs)

    def _pay(self, order: Order, at: datetime) -> None:
        paid_at = at + timedelta(minutes=2)
        order.payment = payment = self.till.collected(self.clinic, Sold.order(order, self.clinic), paid_at)
        if order.status == OrderStatus.PENDING_PAYMENT:
            self.till.not_yet(payment, self.now)
            payment.status = PaymentStatus.PENDING
            order.hold_expires_at = self.now + self.clinic.policy.hold
            return
        order.placed_at = paid_at
        if order.status == OrderStatus.CANCELLED:
            order.cancelled_at = at + timedelta(hours=2)
            order.cancelled_by = order.placed_by
            order.cancellation_reason = "Found them at home"
            order.refund_due = order.total_amount
            sold = Sold.order(order, self.clinic)
            self.till.returned(payment, sold, order.total_amount, REFUND_REASON, order.cancelled_at)

    def _stages(self, order: Order, at: datetime) -> None:
        """What the pharmacy did with it until now."""
        reached = [OrderStatus.PROCESSING, OrderStatus.DISPATCHED, OrderStatus.DELIVERED]
        stages = reached[: reached.index(OrderStatus(order.status)) + 1] if order.status in reached else []
        if OrderStatus.PROCESSING in stages:
            order.processing_at = at + timedelta(minutes=self.dice.randint(20, 50))
        if OrderStatus.DISPATCHED in stages:
            order.dispatched_at = at + timedelta(minutes=self.dice.randint(70, 120))
            if order.fulfilment == Fulfilment.DELIVERY:
                order.courier_name, order.courier_phone = self.dice.choice(COURIERS)
            for item in self.items:
                if item.order is order:
                    self._dispense(item, order.dispatched_at - timedelta(minutes=15))
        if order.status == OrderStatus.PROCESSING and order.processing_at is not None:
            self._begun(order, order.processing_at)
        if OrderStatus.DELIVERED in stages:
            order.delivered_at = at + timedelta(hours=self.dice.randint(4, 26))
            order.received_by = order.patient.full_name

    def _begun(self, order: Order, at: datetime) -> None:
        """The first of its lines is dispensed, and the patient is asked about the last one."""
        items = [item for item in self.items if item.order is order]
        if len(items) > 1:
            self._dispense(items[0], at + timedelta(minutes=10))
        item = items[-1]
        likes = [one for one in self.made.medicines if suits(item, one) and one.stock >= item.quantity]
        likes.sort(key=lambda one: one.substances != item.medicine.substances)
        if likes:
            self.substitutions.append(
                Substitution(
                    id=self.dice.id(),
                    item=item,
                    medicine=likes[0],
                    replaced=item.medicine,
                    quantity=item.quantity,
                    unit_price=price_for(item, likes[0], item.quantity),
                    reason=SOLD_OUT,
                    proposed_by=self.pharmacist,
                    proposed_at=at + timedelta(minutes=12),
                )
            )

    def _dispense(self, item: OrderItem, at: datetime) -> None:
        item.directions = written_for(item, item.order.prescription)
        left = item.quantity
        for batch in self.made.batches:
            taken = min(left, batch.on_hand) if batch.medicine is item.medicine and batch.set_aside_at is None else 0
            if taken:
                left -= taken
                batch.on_hand -= taken
                self._move(item.order, item.medicine, MovementKind.DISPENSED, at, batch=batch, shelf_change=-taken)
                self.dispensings.append(
                    Dispensing(
                        id=self.dice.id(),
                        item=item,
                        batch=batch,
                        quantity=taken,
                        dispensed_by=self.pharmacist,
                        dispensed_at=at,
                    )
                )

    def _move(
        self,
        order: Order,
        medicine: Medicine,
        kind: str,
        at: datetime,
        *,
        change: int = 0,
        batch: MedicineBatch | None = None,
        shelf_change: int = 0,
    ) -> None:
        medicine.stock += change
        self.made.movements.append(
            StockMovement(
                id=self.dice.id(),
                medicine=medicine,
                batch=batch,
                order=order,
                kind=kind,
                change=change,
                shelf_change=shelf_change,
                made_at=at,
            )
        )
