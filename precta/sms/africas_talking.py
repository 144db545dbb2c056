"""Africa's Talking's messaging API, as its own documentation describes it."""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from precta.deadline import NO_ANSWER, exchange
from precta.sms.exceptions import SmsRefused, SmsUnavailable

logger = logging.getLogger(__name__)

TOTAL_SECONDS = 8.0
# Statuses of one recipient. What is in neither set (no money, a wrong sender, the gateway's own trouble) may pass.
ACCEPTED = {100, 101, 102}
NEVER = {403, 404, 406}  # not a number, not supported, on the person's own list of blocked senders


def send(*, to: str, text: str) -> None:
    """One message to one phone. Raises SmsRefused, SmsUnavailable."""
    form = {"username": settings.AFRICASTALKING_USERNAME, "to": to, "message": text, "bulkSMSMode": "1"}
    if settings.AFRICASTALKING_SENDER:
        form["from"] = settings.AFRICASTALKING_SENDER
    recipient = _recipient(_post(form))
    status = recipient.get("statusCode")
    if status in ACCEPTED:
        return
    if status in NEVER:
        raise SmsRefused(f"status {status}")
    raise SmsUnavailable(f"status {status if isinstance(status, int) else 'unknown'}")


def _post(form: Mapping[str, str]) -> Any:
    try:
        status, body = exchange(
            "POST",
            f"{settings.AFRICASTALKING_BASE_URL}/version1/messaging",
            ends=time.monotonic() + TOTAL_SECONDS,
            headers={"apiKey": settings.AFRICASTALKING_API_KEY},
            data=dict(form),
        )
        answer = json.loads(body) if 200 <= status < 300 else None
    except (*NO_ANSWER, ValueError, RecursionError) as error:
        logger.warning("africastalking: %s", type(error).__name__)
        raise SmsUnavailable(type(error).__name__) from error
    if answer is None:
        raise SmsUnavailable(f"HTTP {status}")
    return answer


def _recipient(answer: Any) -> Mapping[str, Any]:
    data = answer.get("SMSMessageData") if isinstance(answer, Mapping) else None
    recipients = data.get("Recipients") if isinstance(data, Mapping) else None
    if not isinstance(recipients, list) or not recipients or not isinstance(recipients[0], Mapping):
        raise SmsUnavailable("no recipient in the answer")
    return recipients[0]
