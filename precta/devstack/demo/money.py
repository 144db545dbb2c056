"""Payments and refunds, in the clinic's books and in the stand-in's ledger alike."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appointments.models import Appointment
from clinics.models import Clinic
from pharmacy.models import Order
from precta.devstack.demo.dice import Dice
from precta.devstack.paystack.store import FIRST_REFUND, FIRST_TRANSACTION, Store
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose, PaymentStatus, Refund, RefundStatus


@dataclass(frozen=True, slots=True)
class Sold:
    """What money is for."""

    id: str
    clinic_id: str
    payer: Any
    amount: Any
    purpose: str

    @classmethod
    def visit(cls, visit: Appointment) -> "Sold":
        return cls(visit.pk, visit.clinic_id, visit.booked_by, visit.fee, PaymentPurpose.APPOINTMENT)

    @classmethod
    def order(cls, order: Order, clinic: Clinic) -> "Sold":
        return cls(order.pk, clinic.pk, order.placed_by, order.total_amount, PaymentPurpose.ORDER)


@dataclass
class Till:
    """Collects rows; `subunit` amounts (KES x 100) go to the ledger, Decimal to the books."""

    dice: Dice
    payments: dict[str, list[Payment]] = field(default_factory=dict)  # clinic id → rows
    refunds: dict[str, list[Refund]] = field(default_factory=dict)
    _ledger: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"transactions": [], "refunds": []})
    _numbers: dict[str, int] = field(default_factory=dict)  # payment id → the provider's number

    def paid(self, clinic: Clinic, visit: Appointment, at: datetime) -> Payment:
        return self.collected(clinic, Sold.visit(visit), at)

    def collected(self, clinic: Clinic, sold: Sold, at: datetime) -> Payment:
        payment = self._payment(clinic, sold, at, PaymentStatus.COMPLETED)
        payment.paid_at = at
        return payment

    def failed(self, clinic: Clinic, visit: Appointment, at: datetime) -> Payment:
        payment = self._payment(clinic, Sold.visit(visit), at, PaymentStatus.FAILED)
        payment.failure_reason = "Declined by the customer"
        return payment

    def not_yet(self, payment: Payment, now: datetime) -> None:
        """Turn a collected payment back into one that nobody has asked the provider for."""
        payment.status = PaymentStatus.PENDING
        payment.created_at = payment.next_check_at = now
        payment.paid_at = payment.charged_at = payment.provider_response = None
        ledger = self._ledger["transactions"]
        ledger[:] = [row for row in ledger if row["reference"] != payment.provider_reference]

    def refund(self, payment: Payment, visit: Appointment, at: datetime) -> None:
        self.returned(payment, Sold.visit(visit), visit.refund_due or 0, "Visit cancelled", at)

    def returned(self, payment: Payment, sold: Sold, amount: Any, reason: str, at: datetime) -> None:
        number = FIRST_REFUND + len(self._ledger["refunds"]) + 1
        refund = Refund(
            id=self.dice.id(),
            payment=payment,
            key=f"cancel:{sold.id}",
            subject_id=sold.id,
            amount=amount,
            currency=payment.currency,
            reason=reason,
            status=RefundStatus.PROCESSED,
            provider_refund_id=str(number),
            attempts=1,
            created_at=at,
            processed_at=at + timedelta(minutes=4),
        )
        self.refunds.setdefault(sold.clinic_id, []).append(refund)
        if refund.amount == payment.amount:
            payment.status = PaymentStatus.REFUNDED
        self._ledger["refunds"].append(
            {
                "id": number,
                "transaction_id": self._numbers[payment.pk],
                "amount": int(refund.amount * 100),
                "currency": refund.currency,
                "status": "processed",
                "outcome": "processed",
                "created_at": at.timestamp(),
                "refunded_at": refund.processed_at.timestamp(),
                "due_at": refund.processed_at.timestamp(),
            }
        )

    def _payment(self, clinic: Clinic, sold: Sold, at: datetime, status: str) -> Payment:
        dice = self.dice
        number = FIRST_TRANSACTION + len(self._numbers) + 1
        mpesa = dice.chance(0.8)
        payment = Payment(
            id=dice.id(),
            user=sold.payer,
            type=sold.purpose,
            subject_id=sold.id,
            amount=sold.amount,
            currency=clinic.policy.currency,
            method=PaymentMethod.MPESA if mpesa else PaymentMethod.CARD,
            status=status,
            provider_reference=f"{clinic.code}-{dice.id()}",
            provider_response={"id": number, "status": "success" if status == PaymentStatus.COMPLETED else "failed"},
            payer_phone=dice.phone() if mpesa else "",
            charged_at=at - timedelta(minutes=1),
            created_at=at - timedelta(minutes=2),
        )
        self._numbers[payment.pk] = number
        self.payments.setdefault(clinic.pk, []).append(payment)
        paid = status == PaymentStatus.COMPLETED
        self._ledger["transactions"].append(
            {
                "id": number,
                "reference": payment.provider_reference,
                "kind": "charge" if mpesa else "checkout",
                "status": "success" if paid else "failed",
                "email": sold.payer.email,
                "amount": int(payment.amount * 100),
                "currency": payment.currency,
                "channel": "mobile_money" if mpesa else "card",
                "phone": payment.payer_phone,
                "provider": "mpesa" if mpesa else "",
                "message": "Approved" if paid else "Declined by the customer",
                "created_at": at.timestamp(),
                "paid_at": at.timestamp() if paid else None,
            }
        )
        return payment

    def write_ledger(self, file: Path) -> None:
        """Make the stand-in remember the same history; an older demo's is forgotten."""
        file.parent.mkdir(parents=True, exist_ok=True)
        store = Store(file)
        try:
            with store.change():
                store.reset()
                for row in self._ledger["transactions"]:
                    store.insert("transactions", **row)
                returned: dict[int, int] = {}
                for row in self._ledger["refunds"]:
                    store.insert("refunds", **row)
                    returned[row["transaction_id"]] = returned.get(row["transaction_id"], 0) + row["amount"]
                for row in self._ledger["transactions"]:
                    if returned.get(row["id"]) == row["amount"]:
                        store.run("UPDATE transactions SET status = 'reversed' WHERE id = ?", row["id"])
        finally:
            store.close()
