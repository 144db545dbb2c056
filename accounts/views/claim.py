"""Claiming the account that a clinic's desk made: the phone, its code, whose visits they are, then how to sign in."""

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.exceptions import NotClaimable, TooManyCodes
from accounts.forms.account import ChangeEmailForm, ClaimForm
from accounts.forms.desk import CodeForm, PhoneForm, WhoForm
from accounts.models import Patient, PhoneCodePurpose
from accounts.phone_proof import PhoneProof
from accounts.selectors_desk import claimable_patients, named
from accounts.services.claiming import claim_account
from accounts.services.phone_codes import check_phone_code, send_phone_code
from precta.payments.phones import mask_phone
from precta.ratelimit import limit, too_many_requests, wait_for_phone
from precta.sms.exceptions import SmsError

BAD, TOO_MANY, UNAVAILABLE = 400, 429, 503
# Names tried with one proven phone.
NAMES = "10/h"


@sensitive_post_parameters("password1", "code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limit("claim", "120/m", "600/h")
def claim(request: HttpRequest) -> HttpResponse:
    """Anybody who is not signed in. POST `step`: `phone`, `code`, `who`, `account`; GET `?again=1` begins anew.

    Before the right code nothing depends on whether anybody is known with the phone, and before the right name nobody
    is shown.
    """
    if request.user.is_authenticated:
        if request.method == "POST":
            return redirect("account_claim")
        return _page(request, "signed-in")
    if request.method == "POST":
        step = {"phone": _send, "code": _check, "who": _find, "account": _finish}.get(request.POST.get("step", ""))
        return step(request) if step is not None else _page(request, _state(request), status=BAD)
    if "again" in request.GET:
        _proof(request).forget()
    return _page(request, _state(request))


def _proof(request: HttpRequest) -> PhoneProof:
    return PhoneProof(request, "claim")


def _state(request: HttpRequest) -> str:
    proof = _proof(request)
    if proof.phone:
        return "account" if _chosen(request) is not None else "who"
    return "code" if proof.asked[0] else "phone"


def _chosen(request: HttpRequest) -> Patient | None:
    """Whom the name was right for, as long as the account can still be claimed."""
    proof = _proof(request)
    patient_id = proof.fact("patient")
    return claimable_patients(proof.phone).filter(pk=patient_id).first() if patient_id else None


def _page(request: HttpRequest, state: str, *, form=None, error: str = "", status: int = 200) -> HttpResponse:
    chosen = _chosen(request) if state == "account" else None
    blank = {"phone": PhoneForm, "code": CodeForm, "who": WhoForm}.get(state)
    if form is None:
        form = blank() if blank is not None else ClaimForm(user=chosen.user) if chosen is not None else None
    phone = _proof(request).asked[0]
    context = {
        "state": state,
        "form": form,
        "error": error,
        "phone": mask_phone(phone) if phone else "",
        "patient": chosen,
    }
    return render(request, "account/claim.html", context, status=status)


def _send(request: HttpRequest) -> HttpResponse:
    form = PhoneForm(request.POST)
    proof = _proof(request)
    if not form.is_valid():
        proof.forget()
        return _page(request, "phone", form=form, status=BAD)
    phone = form.cleaned_data["phone"]
    subject = proof.begin(phone)
    try:
        send_phone_code(phone=phone, purpose=PhoneCodePurpose.CLAIM, subject=subject, language=get_language() or "en")
    except TooManyCodes as error:
        proof.forget()
        message = _("This phone, or your network, has been sent many codes. Wait a while and try again.")
        response = _page(request, "phone", form=form, error=message, status=TOO_MANY)
        response["Retry-After"] = str(error.retry_after)
        return response
    except SmsError:
        proof.forget()
        message = _("The SMS could not be sent at the moment. Try again in a few minutes.")
        return _page(request, "phone", form=form, error=message, status=UNAVAILABLE)
    return redirect("account_claim")


def _check(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    proof = _proof(request)
    phone, subject = proof.asked
    if not phone or proof.phone:
        return redirect("account_claim")
    if not form.is_valid():
        return _page(request, "code", form=form, status=BAD)
    code = form.cleaned_data["code"]
    if not check_phone_code(phone=phone, purpose=PhoneCodePurpose.CLAIM, subject=subject, code=code):
        form.add_error("code", _("This code is not right, or it is too old. After five tries ask for a new one."))
        return _page(request, "code", form=form, status=BAD)
    proof.note()
    return redirect("account_claim")


def _find(request: HttpRequest) -> HttpResponse:
    proof = _proof(request)
    if not proof.phone:
        return redirect("account_claim")
    form = WhoForm(request.POST)
    if not form.is_valid():
        return _page(request, "who", form=form, status=BAD)
    if wait := wait_for_phone(proof.phone, NAMES, name="claim-name"):
        return too_many_requests(request, retry_after=wait)
    found = named(claimable_patients(proof.phone), **form.cleaned_data)
    if len(found) != 1:
        # Two records of one name and birth date: which of them is whose only the clinic can tell.
        message = (
            _("There are several records with these details. Please ask the clinic to sort them out.")
            if found
            else _("Nothing waits for this name with this phone. Write the name as the clinic did, or ask the clinic.")
        )
        form.add_error(None, message)
        return _page(request, "who", form=form, status=BAD)
    proof.note(patient=found[0].pk)
    return redirect("account_claim")


def _finish(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    proof = _proof(request)
    if chosen is None:
        return redirect("account_claim")
    form = ClaimForm(request.POST, user=chosen.user)
    if not form.is_valid():
        return _page(request, "account", form=form, status=BAD)
    try:
        user = claim_account(patient=chosen, phone=proof.phone, password=form.cleaned_data["password1"])
    except NotClaimable:
        proof.forget()
        return redirect("account_claim")
    proof.forget()
    get_adapter(request).login(request, user)
    # The way of every change of address: the code goes out, and the address counts once it was typed.
    address = ChangeEmailForm(user, {"email": form.cleaned_data["email"]})
    try:
        if address.is_valid():
            address.save(request)
            return redirect("account_email_verification_sent")
    except ImmediateHttpResponse:
        messages.info(request, _("Wait a moment before you ask for another code."))
    return redirect("account_email")
