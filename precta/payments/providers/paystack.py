"""Paystack: cards and M-Pesa. Amounts are integers of the smallest unit (KES x 100).

The outer `status: true` only says that the call was understood; what became of the money is in `data.status`.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import stamina
from django.conf import settings
from django.utils.dateparse import parse_datetime

from precta.deadline import NO_ANSWER, exchange
from precta.payments.exceptions import (
    DuplicateReference,
    ProviderRefused,
    ProviderUnavailable,
    UnknownTransaction,
)
from precta.payments.scrub import clean_text

logger = logging.getLogger(__name__)

# Under the ten seconds that a page may take, all attempts together.
TOTAL_SECONDS = 9.0
ATTEMPT_SECONDS = 4.5
PAGE_OF_REFUNDS = 100

SUCCESS = "success"
FAILED = "failed"
REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the provider says of one reference. `amount` is None when it made no sense."""

    reference: str
    status: str
    amount: int | None
    currency: str
    domain: str
    paid_at: datetime | None
    message: str
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Charge:
    """The answer to a request for money by phone; `status` is never proof of payment."""

    reference: str
    status: str
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    id: str
    status: str
    amount: int | None
    currency: str
    transaction: str
    note: str


class Paystack:
    """One client for each use: it holds nothing open between calls."""

    def __init__(self, *, budget: float = TOTAL_SECONDS) -> None:
        self._budget = min(budget, TOTAL_SECONDS)

    def verify(self, reference: str) -> Transaction:
        """Raises UnknownTransaction, ProviderUnavailable."""
        data = self._get(f"/transaction/verify/{quote(reference, safe='')}")
        if not isinstance(data, Mapping):
            raise ProviderUnavailable("verify: no data")
        return Transaction(
            reference=_text(data.get("reference")),
            status=_text(data.get("status")).lower(),
            amount=_integer(data.get("amount")),
            currency=_text(data.get("currency")).upper(),
            domain=_text(data.get("domain")).lower(),
            paid_at=_moment(data.get("paid_at") or data.get("paidAt")),
            message=clean_text(_text(data.get("message")) or _text(data.get("gateway_response")), prose=True),
            raw=data,
        )

    def charge_mpesa(self, *, reference: str, email: str, amount: int, currency: str, phone: str) -> Charge:
        """Ask the phone's owner for the money. `phone` is E.164. Raises DuplicateReference, ProviderRefused,
        ProviderUnavailable (then the prompt may have gone out all the same)."""
        provider = settings.PAYSTACK_MPESA_PROVIDER
        data = self._post(
            "/charge",
            {
                "email": email,
                "amount": amount,
                "currency": currency,
                "reference": reference,
                "mobile_money": {"phone": phone_for(provider, phone), "provider": provider},
            },
        )
        if not isinstance(data, Mapping):
            raise ProviderUnavailable("charge: no data")
        return Charge(reference=_text(data.get("reference")), status=_text(data.get("status")).lower(), raw=data)

    def open_checkout(self, *, reference: str, email: str, amount: int, currency: str, callback_url: str) -> str:
        """The address of the hosted card page. Raises DuplicateReference, ProviderRefused, ProviderUnavailable."""
        data = self._post(
            "/transaction/initialize",
            {
                "email": email,
                "amount": amount,
                "currency": currency,
                "reference": reference,
                "channels": ["card"],
                "callback_url": callback_url,
                "metadata": {"cancel_action": callback_url},
            },
        )
        url = _text(data.get("authorization_url")) if isinstance(data, Mapping) else ""
        schemes = ("https://",) if settings.PAYSTACK_DOMAIN == "live" else ("https://", "http://")
        if not url.startswith(schemes) or len(url) > 500:
            raise ProviderUnavailable("initialize: no address to pay at")
        return url

    def refund(self, *, reference: str, amount: int, currency: str, note: str, reason: str) -> ProviderRefund:
        """Send money back. `note` is our own number, by which `refunds_of` finds it again. Raises ProviderRefused,
        ProviderUnavailable (then the money may be on its way all the same)."""
        data = self._post(
            "/refund",
            {
                "transaction": reference,
                "amount": amount,
                "currency": currency,
                "customer_note": reason,
                "merchant_note": note,
            },
        )
        if not isinstance(data, Mapping):
            raise ProviderUnavailable("refund: no data")
        return _refund(data)

    def refunds_of(self, *, transaction_id: str) -> list[ProviderRefund]:
        """All refunds of one transaction. Raises ProviderUnavailable."""
        found = self._get("/refund", {"transaction": transaction_id, "perPage": PAGE_OF_REFUNDS})
        if not isinstance(found, list):
            raise ProviderUnavailable("refunds: no list")
        refunds = [_refund(item) for item in found if isinstance(item, Mapping)]
        # Not relied upon: that the provider honours the filter.
        return [refund for refund in refunds if refund.transaction in {"", transaction_id}]

    # The wire

    def _get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        ends = time.monotonic() + self._budget
        for attempt in stamina.retry_context(
            on=ProviderUnavailable, attempts=3, timeout=self._budget, wait_initial=0.1, wait_max=0.5, wait_jitter=0.1
        ):
            with attempt:
                return self._send("GET", path, ends=min(ends, time.monotonic() + ATTEMPT_SECONDS), params=params)
        raise ProviderUnavailable(path)  # not reached: the last attempt raises

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        """Never repeated: without an answer nobody knows whether it was done."""
        return self._send("POST", path, ends=time.monotonic() + self._budget, json=body)

    def _send(self, method: str, path: str, *, ends: float, **options: Any) -> Any:
        if not settings.PAYSTACK_SECRET_KEY:
            raise ProviderUnavailable("PAYSTACK_SECRET_KEY is not set")
        url = settings.PAYSTACK_BASE_URL.rstrip("/") + path
        headers = {"Authorization": f"Bearer {settings.PAYSTACK_SECRET_KEY}"}
        try:
            status, body = exchange(method, url, ends=ends, headers=headers, **options)
        except NO_ANSWER as error:
            logger.warning("paystack %s %s: %s", method, path, type(error).__name__)
            raise ProviderUnavailable(f"{path}: {type(error).__name__}") from error
        return _understand(path, status, body)


def phone_for(provider: str, phone: str) -> str:
    """`+254…` for prompts on the phone, bare `254…` for the paybill forms of the official samples."""
    return phone if provider == "mpesa" else phone.removeprefix("+")


def _understand(path: str, status: int, body: bytes) -> Any:
    """`data` of an answer that says `status: true`; everything else raises."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    understood = isinstance(answer, dict)
    # 401 and 403 are ours to repair (a wrong key), 429 passes: nothing is known of the payment then.
    if not understood or status >= 500 or status in {401, 403, 408, 429}:
        logger.warning("paystack %s: answered %s%s", path, status, "" if understood else ", not JSON")
        raise ProviderUnavailable(f"{path}: {status}")
    if 200 <= status < 300 and answer.get("status") is True:
        return answer.get("data")
    if 300 <= status < 400:
        raise ProviderUnavailable(f"{path}: {status}")
    message = clean_text(_text(answer.get("message")), prose=True) or "refused"
    code = _text(answer.get("code"))
    low = message.lower()
    if code == "duplicate_reference" or ("duplicate" in low and "reference" in low):
        raise DuplicateReference(message, code)
    if code == "transaction_not_found" or ("transaction" in low and "not found" in low):
        raise UnknownTransaction(message, code)
    raise ProviderRefused(message, code)


def _refund(data: Mapping[str, Any]) -> ProviderRefund:
    owner = data.get("transaction")
    if isinstance(owner, Mapping):
        owner = owner.get("id")
    return ProviderRefund(
        id=_text(data.get("id")),
        status=_text(data.get("status")).lower(),
        amount=_integer(data.get("amount")),
        currency=_text(data.get("currency")).upper(),
        transaction=_text(owner),
        note=_text(data.get("merchant_note")),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _integer(value: Any) -> int | None:
    """Amounts come as 250000, "250000" and 250000.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
