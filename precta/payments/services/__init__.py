"""Money in and money back. Every call to the provider happens outside transactions; every change in one."""

from precta.payments.services.holds import let_go
from precta.payments.services.polling import PaymentState, failure_text, payment_state
from precta.payments.services.reconciling import reconcile_payments, sweep_refunds
from precta.payments.services.refunding import (
    give_back,
    hand_back_cash,
    request_refund,
    retry_refund,
    settle_refunds,
    submit_refund,
)
from precta.payments.services.settling import settle_payment, take_cash
from precta.payments.services.starting import (
    charge_mpesa,
    move_payments,
    next_attempt,
    open_card_checkout,
    restart_payment,
    start_payment,
)

__all__ = [
    "PaymentState",
    "charge_mpesa",
    "failure_text",
    "give_back",
    "hand_back_cash",
    "let_go",
    "move_payments",
    "next_attempt",
    "open_card_checkout",
    "payment_state",
    "reconcile_payments",
    "request_refund",
    "restart_payment",
    "retry_refund",
    "settle_payment",
    "settle_refunds",
    "start_payment",
    "submit_refund",
    "sweep_refunds",
    "take_cash",
]
