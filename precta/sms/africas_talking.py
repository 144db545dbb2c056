"""Africa's Talking's messaging API, as its own documentation describes it."""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from precta.deadline import DeadlineTransport
from precta.sms.exceptions import SmsRefused, SmsUnavailable

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 8.0
LARGEST_ANSWER = 100_000
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
    ends = time.monotonic() + TOTAL_SECONDS
    headers = {"apiKey": settings.AFRICASTALKING_API_KEY, "Accept": "application/json"}
    try:
        with (
            httpx.Client(
                transport=DeadlineTransport(ends=ends),
                timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
                trust_env=False,
            ) as client,
            client.stream(
                "POST", f"{settings.AFRICASTALKING_BASE_URL}/version1/messaging", data=dict(form), headers=headers
            ) as response,
        ):
            body = b""
            for part in response.iter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise SmsUnavailable("the answer is too large")
            if not response.is_success:
                raise SmsUnavailable(f"HTTP {response.status_code}")
            return json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, RecursionError) as error:
        logger.warning("africastalking: %s", type(error).__name__)
        raise SmsUnavailable(type(error).__name__) from error


def _recipient(answer: Any) -> Mapping[str, Any]:
    data = answer.get("SMSMessageData") if isinstance(answer, Mapping) else None
    recipients = data.get("Recipients") if isinstance(data, Mapping) else None
    if not isinstance(recipients, list) or not recipients or not isinstance(recipients[0], Mapping):
        raise SmsUnavailable("no recipient in the answer")
    return recipients[0]
