"""What the provider knows and does: transactions, prompts on phones, refunds. Amounts in the subunit (KES x 100)."""

import json
import re
import secrets
from typing import Any

from .errors import Refusal
from .store import Store, iso, now
from .webhooks import Webhooks

REFERENCE = re.compile(r"[A-Za-z0-9.=-]+")
PHONE = re.compile(r"\+?254(7|1)\d{8}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CURRENCIES = {"KES", "NGN", "GHS", "ZAR", "USD"}
OFFLINE = "mpesa_offline"
PROMPT_SECONDS = 120.0
# Endings of phone numbers that decide by themselves, as a provider's test numbers do.
MAGIC_PHONES = {
    "0000": ("refuse", 2.0, "Declined by the customer"),
    "1111": ("time_out", 5.0, "The request timed out: the customer did not answer"),
    "2222": ("refuse", 2.0, "Insufficient funds"),
    "3333": ("approve", 2.0, ""),
}
REASONS = {
    "approve": "Approved",
    "refuse": "Declined by the customer",
    "time_out": "The request timed out: the customer did not answer",
}
WAITING = ("pending", "ongoing", "abandoned")


class Ledger:
    def __init__(self, store: Store, webhooks: Webhooks) -> None:
        self.store = store
        self.webhooks = webhooks

    # Transactions

    def initialize(self, body: dict[str, Any], *, checkout: str) -> dict[str, Any]:
        common = self._checked(body)
        access_code = secrets.token_hex(8)
        with self.store.change():
            self._refuse_duplicate(common["reference"])
            self.store.insert(
                "transactions",
                kind="checkout",
                status="abandoned",  # what the provider says of a payment nobody has begun
                message="The transaction was not completed",
                access_code=access_code,
                channels=json.dumps(body.get("channels") or []),
                callback_url=str(body.get("callback_url") or ""),
                **common,
            )
        return {
            "authorization_url": f"{checkout}/checkout/{access_code}",
            "access_code": access_code,
            "reference": common["reference"],
        }

    def charge(self, body: dict[str, Any]) -> dict[str, Any]:
        common = self._checked(body)
        money = body.get("mobile_money")
        if not isinstance(money, dict) or money.get("provider") not in {"mpesa", OFFLINE, "mptill"}:
            raise Refusal("Mobile money provider is invalid", code="invalid_params")
        phone = str(money.get("phone") or money.get("account") or "")
        if not PHONE.fullmatch(phone):
            raise Refusal("Invalid phone number", code="invalid_params")
        decision, decide_at = None, now() + PROMPT_SECONDS
        message = ""
        if phone[-4:] in MAGIC_PHONES:
            decision, seconds, message = MAGIC_PHONES[phone[-4:]]
            decide_at = now() + seconds
        elif (automatic := self.store.setting("auto_approve_mpesa")) is not None:
            decision, decide_at = "approve", now() + float(automatic)
        with self.store.change():
            self._refuse_duplicate(common["reference"])
            self.store.insert(
                "transactions",
                kind="charge",
                status="pending",
                channel="mobile_money",
                phone=phone,
                provider=money["provider"],
                decision=decision,
                decide_at=decide_at,
                message=message,
                **common,
            )
        data = {
            "reference": common["reference"],
            "status": "pay_offline",
            "display_text": "Please complete authorization process on your mobile phone",
        }
        if money["provider"] == OFFLINE:
            data |= {"account_number": "4099010", "account_reference": secrets.token_hex(4).upper()}
        return data

    def transaction(self, reference_or_id: str) -> dict[str, Any]:
        found = self.store.one("SELECT * FROM transactions WHERE reference = ?", reference_or_id)
        if found is None and reference_or_id.isdigit():
            found = self.store.one("SELECT * FROM transactions WHERE id = ?", int(reference_or_id))
        if found is None:
            raise Refusal(
                "Transaction reference not found.",
                code="transaction_not_found",
                next_step="Ensure that you're passing a reference that exists on this integration.",
            )
        return found

    def by_access_code(self, access_code: str) -> dict[str, Any] | None:
        return self.store.one("SELECT * FROM transactions WHERE access_code = ?", access_code)

    def prompts(self) -> list[dict[str, Any]]:
        return self.store.all("SELECT * FROM transactions WHERE kind = 'charge' ORDER BY id DESC LIMIT 50")

    def opened(self, reference: str) -> None:
        """The customer looks at the checkout page."""
        self.store.run(
            "UPDATE transactions SET status = 'ongoing' WHERE reference = ? AND status = 'abandoned'", reference
        )

    def left(self, reference: str) -> None:
        self.store.run(
            "UPDATE transactions SET status = 'abandoned' WHERE reference = ? AND status = 'ongoing'", reference
        )

    def approve(self, reference: str, *, channel: str | None = None) -> bool:
        """Money moves, once. Says whether it did now."""
        with self.store.change():
            found = self.transaction(reference)
            if found["status"] not in WAITING:
                return False
            self.store.run(
                "UPDATE transactions SET status = 'success', message = 'Approved', paid_at = ?, channel = ?,"
                " decide_at = NULL WHERE id = ?",
                now(),
                channel or found["channel"] or "card",
                found["id"],
            )
            self.webhooks.add("charge.success", describe(self.transaction(reference)))
        return True

    def refuse(self, reference: str, message: str = REASONS["refuse"], *, channel: str | None = None) -> bool:
        """The charge fails. No event tells of it: the provider expects to be asked."""
        with self.store.change():
            found = self.transaction(reference)
            if found["status"] not in WAITING:
                return False
            self.store.run(
                "UPDATE transactions SET status = 'failed', message = ?, channel = ?, decide_at = NULL WHERE id = ?",
                message,
                channel or found["channel"] or "card",
                found["id"],
            )
        return True

    def time_out(self, reference: str) -> bool:
        return self.refuse(reference, REASONS["time_out"])

    # Refunds

    def refund(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.store.change():
            paid = self.transaction(str(body.get("transaction") or ""))
            if paid["status"] not in {"success", "reversed"}:
                raise Refusal("Transaction has not been paid", code="invalid_transaction_status")
            left = paid["amount"] - self._given_back(paid["id"])
            if left <= 0:
                raise Refusal("Transaction has been fully reversed", code="transaction_reversed")
            amount = self._amount(body["amount"]) if body.get("amount") is not None else left
            if amount > left:
                raise Refusal("Refund amount cannot be more than the amount that is left", code="invalid_amount")
            if body.get("currency") and body["currency"] != paid["currency"]:
                raise Refusal("Currency does not match that of the transaction", code="invalid_params")
            number = self.store.insert(
                "refunds",
                transaction_id=paid["id"],
                amount=amount,
                currency=paid["currency"],
                status="pending",
                outcome=self.store.setting("refund_outcome", "processed"),
                customer_note=str(body.get("customer_note") or ""),
                merchant_note=str(body.get("merchant_note") or ""),
                created_at=now(),
                due_at=now() + float(self.store.setting("refund_delay", 3.0)),
            )
            self._tell_refund(number)
            refund = self._refund(number)
        return describe_refund(refund) | {"transaction": describe(paid)}

    def fetch_refund(self, number: str) -> dict[str, Any]:
        return describe_refund(self._refund(int(number) if number.isdigit() else 0))

    def list_refunds(self, transaction: str | None) -> list[dict[str, Any]]:
        if transaction is None:
            rows = self.store.all("SELECT * FROM refunds ORDER BY id DESC LIMIT 200")
        else:
            owner = self.transaction(transaction)
            rows = self.store.all("SELECT * FROM refunds WHERE transaction_id = ? ORDER BY id DESC", owner["id"])
        return [describe_refund(row) for row in rows]

    # Time passing

    def tick(self) -> None:
        """Carry out what has become due: answers on phones, refunds."""
        due = "SELECT * FROM transactions WHERE status = 'pending' AND decide_at <= ?"
        for prompt in self.store.all(due, now()):
            decision = prompt["decision"] or "time_out"
            if decision == "approve":
                self.approve(prompt["reference"])
            else:
                self.refuse(prompt["reference"], prompt["message"] or REASONS[decision])
        for refund in self.store.all("SELECT * FROM refunds WHERE status = 'pending' AND due_at <= ?", now()):
            self.process_refund(refund["id"])

    def process_refund(self, number: int) -> None:
        with self.store.change():
            refund = self._refund(number)
            if refund["status"] != "pending":
                return
            if refund["outcome"] == "processed":
                self._move_refund(number, "processing")
            self._move_refund(number, refund["outcome"])
            paid = self.transaction(str(refund["transaction_id"]))
            if self._given_back(paid["id"], done=True) >= paid["amount"]:
                self.store.run("UPDATE transactions SET status = 'reversed' WHERE id = ?", paid["id"])

    def everything(self) -> dict[str, Any]:
        """The whole ledger, for comparisons and curious people."""
        return {
            "transactions": [describe(row) for row in self.store.all("SELECT * FROM transactions ORDER BY id")],
            "refunds": [describe_refund(row) for row in self.store.all("SELECT * FROM refunds ORDER BY id")],
            "webhooks": [
                {**row, "body": json.loads(row["body"])} for row in self.store.all("SELECT * FROM webhooks ORDER BY id")
            ],
        }

    # Details

    def _move_refund(self, number: int, status: str) -> None:
        moment = now() if status == "processed" else None
        self.store.run("UPDATE refunds SET status = ?, refunded_at = ? WHERE id = ?", status, moment, number)
        self._tell_refund(number)

    def _tell_refund(self, number: int) -> None:
        refund = self._refund(number)
        paid = self.transaction(str(refund["transaction_id"]))
        self.webhooks.add(
            f"refund.{refund['status']}",
            {
                "status": refund["status"],
                "transaction_reference": paid["reference"],
                "refund_reference": f"TRF_{number}" if refund["status"] == "processed" else None,
                # The provider sends both forms; let the receiver meet both.
                "amount": str(refund["amount"]) if number % 2 else refund["amount"],
                "currency": refund["currency"],
                "customer": {"first_name": "", "last_name": "", "email": paid["email"]},
                "integration": 412_829,
                "domain": "test",
            },
        )

    def _refund(self, number: int) -> dict[str, Any]:
        found = self.store.one("SELECT * FROM refunds WHERE id = ?", number)
        if found is None:
            raise Refusal("Refund not found", code="not_found", status=404)
        return found

    def _given_back(self, transaction_id: int, *, done: bool = False) -> int:
        states = ("processed",) if done else ("pending", "processing", "processed", "needs-attention")
        refunds = self.store.all("SELECT amount, status FROM refunds WHERE transaction_id = ?", transaction_id)
        return sum(refund["amount"] for refund in refunds if refund["status"] in states)

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        """The fields that every way of paying shares, or a refusal."""
        email = body.get("email")
        if not isinstance(email, str) or not EMAIL.fullmatch(email):
            raise Refusal("Invalid Email Address Passed", code="invalid_email_address")
        amount = self._amount(body.get("amount"))
        currency = body.get("currency") or "KES"
        if currency not in CURRENCIES:
            raise Refusal("Currency not supported by merchant", code="unsupported_currency")
        reference = body.get("reference") or secrets.token_hex(8)
        if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
            raise Refusal("Invalid character in transaction reference", code="invalid_params")
        return {
            "email": email,
            "amount": amount,
            "currency": currency,
            "reference": reference,
            "metadata": json.dumps(body.get("metadata", "")),
            "created_at": now(),
        }

    def _amount(self, value: Any) -> int:
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise Refusal("Invalid Amount Sent", code="invalid_amount")
        return value

    def _refuse_duplicate(self, reference: str) -> None:
        if self.store.one("SELECT 1 FROM transactions WHERE reference = ?", reference):
            raise Refusal(
                "Duplicate Transaction Reference",
                code="duplicate_reference",
                next_step="Ensure that you pass a unique reference for each transaction.",
            )


def describe(row: dict[str, Any]) -> dict[str, Any]:
    """A transaction as `verify` and `charge.success` show it."""
    paid = row["status"] in {"success", "reversed"}
    mobile = row["channel"] == "mobile_money"
    authorization = {
        "authorization_code": f"AUTH_{row['id']:x}",
        "bin": f"{row['phone'][-9:-3]}" if mobile else "408408",
        "last4": row["phone"][-4:] if mobile else "4081",
        "exp_month": "12",
        "exp_year": "2030",
        "channel": row["channel"],
        "card_type": "" if mobile else "visa ",
        "bank": "M-PESA" if mobile else "TEST BANK",
        "country_code": "KE",
        "brand": "M-pesa" if mobile else "visa",
        "reusable": False,
        "signature": None,
    }
    return {
        "id": row["id"],
        "domain": "test",
        "status": row["status"],
        "reference": row["reference"],
        "receipt_number": f"S{row['id']}" if paid and mobile else None,
        "amount": row["amount"],
        "requested_amount": row["amount"],
        "message": row["message"] if row["status"] == "failed" else None,
        "gateway_response": "Successful" if paid else row["message"] or "Pending",
        "paid_at": iso(row["paid_at"]),
        "created_at": iso(row["created_at"]),
        "channel": row["channel"] or "card",
        "currency": row["currency"],
        "ip_address": None,
        "metadata": json.loads(row["metadata"]),
        "fees": row["amount"] * (15 if mobile else 29) // 1000 if paid else None,
        "authorization": authorization if paid else {},
        "customer": {
            "id": 180_000_000 + row["id"] % 1_000_000,
            "email": row["email"],
            "customer_code": f"CUS_{row['id']:x}",
            "first_name": None,
            "last_name": None,
            "phone": row["phone"] or None,
            "metadata": None,
            "risk_action": "default",
        },
        "plan": None,
        "log": None,
    }


def describe_refund(row: dict[str, Any]) -> dict[str, Any]:
    done = row["status"] == "processed"
    return {
        "id": row["id"],
        "integration": 412_829,
        "domain": "test",
        "transaction": row["transaction_id"],
        "dispute": None,
        "settlement": None,
        "amount": row["amount"],
        "deducted_amount": row["amount"] if done else 0,
        "fully_deducted": done,
        "currency": row["currency"],
        "channel": None,
        "status": row["status"],
        "customer_note": row["customer_note"],
        "merchant_note": row["merchant_note"],
        "refunded_by": "api",
        "refunded_at": iso(row["refunded_at"]),
        "expected_at": iso(row["created_at"] + 7 * 86_400),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["refunded_at"] or row["created_at"]),
    }
