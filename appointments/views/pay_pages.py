"""Paying for what is held, a visit or an order, and waiting until the money is there: the pages that both share."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Protocol

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from appointments.forms.booking import MpesaForm, as_written_at_home
from precta import clock, hosts
from precta.payments.exceptions import HoldEnded, PaymentClosed, ProviderError, TooManyAttempts
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.phones import mask_phone
from precta.payments.services import charge_mpesa, failure_text, open_card_checkout, payment_state
from precta.payments.services.starting import PROMPT_OPEN
from precta.ratelimit import wait_for_phone

BAD, TOO_MANY, UNAVAILABLE = 400, 429, 503
AGAIN_EVERY_SECONDS = 6
# How often one phone is rung, however many accounts ask for it.
RINGS_OF_A_PHONE = "12/h"


class Held(Protocol):
    pk: str
    payment: Payment | None
    hold_expires_at: datetime | None


class PayPages(ABC):
    """What a page of paying asks of the kind of thing that is paid for. `pay_url`, `status_url` and `return_url` name
    its views, each with its id; `template` extends `payments/pay.html`."""

    template: str
    pay_url: str
    status_url: str
    return_url: str

    @abstractmethod
    def find(self, request: HttpRequest, subject_id: str) -> Any:
        """The held row with its payment, or None when the asker may not pay for it."""

    @abstractmethod
    def done_url(self, held: Any) -> str | None:
        """Where to go when nothing is left to pay; None while there is, and when the hold ended without money."""

    @abstractmethod
    def is_payable(self, held: Any, now: datetime) -> bool:
        """Whether it is held and waits for money."""

    @abstractmethod
    def begin_attempt(self, held: Any, *, method: str, phone: str = "") -> Payment:
        """Raises HoldEnded and what `next_attempt` raises."""

    @abstractmethod
    def context(self, held: Any) -> dict[str, Any]:
        """What the summary beside the payment needs."""

    @abstractmethod
    def ended(self, request: HttpRequest, held: Any, now: datetime) -> HttpResponse:
        """It is not held any more: nothing to pay, and where else to go."""

    @abstractmethod
    def still_held(self) -> str:
        """The provider does not answer, in a sentence."""

    def pay(self, request: HttpRequest, subject_id: str) -> HttpResponse:
        """GET shows how it stands (`?check=1` asks the provider), POST begins an attempt."""
        held = self._find(request, subject_id)
        if request.method == "POST":
            return self._begin(request, held)
        if held.payment is not None and "check" in request.GET:
            payment_state(held.payment)
            held = self._find(request, subject_id)
        return self._onwards(held) or self._page(request, held)

    def status(self, request: HttpRequest, subject_id: str) -> JsonResponse:
        """What the waiting page polls: `{status, message, seconds_left[, redirect]}`; all but `pending` reload it."""
        held = self._find(request, subject_id)
        state = payment_state(held.payment) if held.payment is not None else None
        held = self._find(request, subject_id)
        done = self.done_url(held)
        if done is not None:
            return JsonResponse({"status": "done", "redirect": done})
        if not self.is_payable(held, clock.now()):
            return JsonResponse({"status": "ended"})
        if state is None:
            return JsonResponse({"status": "failed"})
        # Once the prompt is over the page has something else to say, and says it after a reload.
        waits = (
            state.status == PaymentStatus.PENDING
            and not state.put_aside
            and (state.seconds_left > 0 or request.GET.get("seen") in {"over", "card"})
        )
        status = "pending" if waits else "over" if state.status == PaymentStatus.PENDING else state.status
        return JsonResponse({"status": status, "message": state.message, "seconds_left": state.seconds_left})

    def back(self, request: HttpRequest, subject_id: str) -> HttpResponse:
        """Where the provider's card page leads back to: ask how it went, then on to what was paid for or back to the
        payment, whose page goes on asking."""
        held = self._find(request, subject_id)
        if held.payment is not None:
            payment_state(held.payment)
            held = self._find(request, subject_id)
        return self._onwards(held) or redirect(self.pay_url, held.pk)

    def _find(self, request: HttpRequest, subject_id: str) -> Any:
        held = self.find(request, subject_id)
        if held is None:
            raise Http404
        return held

    def _onwards(self, held: Held) -> HttpResponse | None:
        done = self.done_url(held)
        return redirect(done) if done is not None else None

    def _begin(self, request: HttpRequest, held: Any) -> HttpResponse:
        if (onwards := self._onwards(held)) is not None:
            return onwards
        method = request.POST.get("method")
        if method not in {PaymentMethod.MPESA, PaymentMethod.CARD}:
            return self._page(request, held, error=_("Choose M-Pesa or card."), status=BAD)
        form = MpesaForm(request.POST) if method == PaymentMethod.MPESA else None
        if form is not None and (refused := self._refused(request, held, form)) is not None:
            return refused
        here = redirect(self.pay_url, held.pk)
        try:
            if form is not None:
                phone = form.cleaned_data["phone"]
                charge_mpesa(payment=self.begin_attempt(held, method=method, phone=phone), phone=phone)
                return here
            payment = self.begin_attempt(held, method=method)
            open_card_checkout(payment=payment, callback_url=hosts.clinic_url(request.clinic, self.return_url, held.pk))
        except (HoldEnded, PaymentClosed):
            return here
        except TooManyAttempts:
            message = _("You have tried many times. Wait for the last request to end, or call the clinic.")
            held = self._find(request, held.pk)
            return self._page(request, held, form=form, error=message, status=TOO_MANY)
        except ProviderError:
            held = self._find(request, held.pk)
            return self._page(request, held, form=form, error=self.still_held(), status=UNAVAILABLE)
        # Not straight to the provider: browsers hold a form's redirects to our own hosts (CSP form-action).
        here["Location"] += "?go=card"
        return here

    def _refused(self, request: HttpRequest, held: Any, form: MpesaForm) -> HttpResponse | None:
        """The page again for a number that cannot be asked, or not now."""
        if not form.is_valid():
            return self._page(request, held, form=form, status=BAD)
        wait = wait_for_phone(form.cleaned_data["phone"], RINGS_OF_A_PHONE)
        if not wait:
            return None
        message = _(
            "This phone has been sent many requests in the last hour, and gets no more for now. Pay with another "
            "number or by card."
        )
        response = self._page(request, held, form=form, error=message, status=TOO_MANY)
        response["Retry-After"] = str(wait)
        return response

    def _page(
        self, request: HttpRequest, held: Any, *, form: MpesaForm | None = None, error: str = "", status: int = 200
    ) -> HttpResponse:
        now = clock.now()
        if not self.is_payable(held, now):
            return self.ended(request, held, now)
        payment = held.payment
        assert payment is not None
        view = what_to_show(payment, now)
        if (form is not None and form.errors) or error or "change" in request.GET:
            view = "choose"
        if form is None:
            known = payment.payer_phone or str(request.user.phone or "")
            form = MpesaForm(initial={"phone": as_written_at_home(known)})
        context = {
            "held": held,
            "status_url": self.status_url,
            "payment": payment,
            "view": view,
            "failure": failure_text(payment),
            "form": form,
            "error": error,
            "phone": mask_phone(payment.payer_phone) if payment.payer_phone else "",
            "prompt_until": payment.charged_at + PROMPT_OPEN if payment.charged_at else None,
            "prompt_total": int(PROMPT_OPEN.total_seconds()),
            "seconds_left": seconds_left_of(payment, now),
            "hold_left": int((held.hold_expires_at - now).total_seconds()) if held.hold_expires_at else 0,
            "now": now,
            "start": payment.method if view == "choose" and "start" in request.GET and not error else "",
            "go": payment.checkout_url if request.GET.get("go") == "card" and view == "card" else "",
            "again_every": AGAIN_EVERY_SECONDS,
            "method": payment.method,
            "step": "3",
            **self.context(held),
        }
        return render(request, self.template, context, status=status)


def what_to_show(payment: Payment, now: datetime) -> str:
    """`choose` (nothing went out), `wait` (a prompt is on the phone), `over` (it should have been answered),
    `card` (the card page is open), `failed`, or `aside` (a person at the clinic looks at it)."""
    if payment.put_aside_at is not None:
        return "aside"
    if payment.status == PaymentStatus.FAILED:
        return "failed"
    if payment.charged_at is None:
        return "choose"
    if payment.method == PaymentMethod.CARD:
        return "card"
    return "wait" if seconds_left_of(payment, now) else "over"


def seconds_left_of(payment: Payment, now: datetime) -> int:
    if payment.charged_at is None or payment.method != PaymentMethod.MPESA:
        return 0
    return max(0, int((payment.charged_at + PROMPT_OPEN - now).total_seconds()))
