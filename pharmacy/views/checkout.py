"""From the basket to an order that is held while it is paid (clinic host; patients only)."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Patient, Role
from accounts.selectors import patients_of
from accounts.services.clinic_links import admit_patient, admitted_ids
from pharmacy import exceptions
from pharmacy.basket import Basket, Row, subtotal_of
from pharmacy.forms.checkout import CheckoutForm, ways_for
from pharmacy.models import Order, OrderStatus, Prescription
from pharmacy.selectors import own_prescriptions
from pharmacy.services.ordering import MOST_UNPAID_ORDERS, OrderLine, place_order
from precta.access import role_required
from precta.ids import new_id
from precta.payments.models import PaymentMethod
from precta.ratelimit import limit

BAD, CONFLICT = 400, 409
CONFLICTS = (exceptions.TotalChanged, exceptions.OutOfStock, exceptions.MoreThanPrescribed)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.PATIENT)
@limit("checkout", "30/m")
def checkout(request: HttpRequest) -> HttpResponse:
    """Who it is for, how it gets there, what it costs in all (GET); the order is placed and held (POST)."""
    basket = Basket.of(request.session, request.clinic)
    if request.method == "POST" and (earlier := _earlier(request)) is not None:
        return onwards(earlier)
    rows = basket.rows()
    if not rows or not request.clinic.policy.sells_medicines:
        return redirect("pharmacy:orders:basket")
    prescription, patients = _for_whom(request, basket)
    if not patients:
        return redirect("pharmacy:orders:basket")
    if request.method == "POST":
        return _place(request, basket, rows, prescription, patients)
    return _page(request, rows, _form(request, rows, patients, ask_consent=_consent_needed(request, patients)))


def _earlier(request: HttpRequest) -> Order | None:
    """The order that this form made already: sent twice, its basket is empty by now."""
    if Basket.of(request.session, request.clinic).lines:
        return None
    key = request.POST.get("key", "")[:64]
    return Order.objects.filter(placed_by=request.user, idempotency_key=key).first() if key.isalnum() else None


def _for_whom(request: HttpRequest, basket: Basket) -> tuple[Prescription | None, list[Patient]]:
    """The basket's prescription, and those for whom the person may order: with one only whose it is, and nobody when
    the person looks after them no more."""
    rows = patients_of(request.user)
    if basket.prescription_id is None:
        return None, list(rows)
    prescription = own_prescriptions(request.user).filter(pk=basket.prescription_id).first()
    return prescription, list(rows.filter(pk=prescription.patient_id)) if prescription is not None else []


def _consent_needed(request: HttpRequest, patients: list[Patient]) -> bool:
    known = admitted_ids(patients=patients, clinic=request.clinic)
    return any(patient.pk not in known for patient in patients)


def _form(
    request: HttpRequest, rows: list[Row], patients: list[Patient], *, ask_consent: bool, data: Any = None
) -> CheckoutForm:
    return CheckoutForm(
        data,
        user=request.user,
        patients=patients,
        clinic=request.clinic,
        ways=ways_for(request.clinic, subtotal_of(rows)),
        ask_consent=ask_consent,
    )


def _page(request: HttpRequest, rows: list[Row], form: CheckoutForm, *, status: int = 200) -> HttpResponse:
    current = form.current
    context = {
        "rows": rows,
        "form": form,
        "ways": list(form.ways.values()),
        "current": current,
        "subtotal": subtotal_of(rows),
        "currency": request.clinic.policy.currency,
        "policy": request.clinic.policy,
        "step": "2",
    }
    return render(request, "pharmacy/orders/checkout.html", context, status=status)


def _place(
    request: HttpRequest, basket: Basket, rows: list[Row], prescription: Prescription | None, patients: list[Patient]
) -> HttpResponse:
    # Whether consent is missing is the order's own check; asking here as well would cost a statement each time.
    form = _form(request, rows, patients, ask_consent=True, data=request.POST)
    if not form.is_valid():
        return _again(request, basket, patients)
    try:
        if form.cleaned_data["consent"]:
            admit_patient(patient=form.patient, clinic=request.clinic, given_by=request.user)
        order = place_order(
            patient=form.patient,
            placed_by=request.user,
            clinic=request.clinic,
            lines=[OrderLine(row.medicine.pk, row.packs, row.prescription_line) for row in rows],
            prescription=prescription,
            fulfilment=form.chosen.fulfilment,
            delivery_address=form.cleaned_data["address"],
            delivery_notes=form.cleaned_data["notes"],
            delivery_zone=form.chosen.zone,
            contact_phone=form.cleaned_data["contact"],
            idempotency_key=form.cleaned_data["key"],
            method=form.cleaned_data["method"],
            payer_phone=form.cleaned_data["phone"] if form.cleaned_data["method"] == PaymentMethod.MPESA else "",
            # Who was shown no total has agreed to none.
            expected_total=form.expected_total or Decimal(0),
        )
    except (exceptions.OrderError, exceptions.StockError) as error:
        return _again(request, basket, patients, error=error)
    basket.lines.clear()
    basket.keep(request.session, request.clinic)
    return onwards(order)


def onwards(order: Order) -> HttpResponse:
    """To the payment, which with JavaScript begins by itself the way that was chosen; to the order when it is over."""
    if order.status != OrderStatus.PENDING_PAYMENT:
        return redirect("pharmacy:orders:order", order.pk)
    return redirect(reverse("pharmacy:orders:pay", args=[order.pk]) + "?start=1")


def _again(
    request: HttpRequest, basket: Basket, patients: list[Patient], error: Exception | None = None
) -> HttpResponse:
    """The page once more with what was typed, what was wrong with it, and prices as they are now; nothing was taken."""
    rows = basket.rows()
    if not rows:
        return redirect("pharmacy:orders:basket")
    data = request.POST.copy()
    if isinstance(error, exceptions.OrderKeyReused):
        data["key"] = new_id()
    form = _form(request, rows, patients, ask_consent=_consent_needed(request, patients), data=data)
    form.full_clean()
    if isinstance(error, exceptions.CareConsentNeeded):
        form.add_error("consent", _("Please agree: this is the first order at this clinic."))
    elif isinstance(error, exceptions.NotDelivered):
        form.add_error("way", _("The clinic does not deliver there any more. Choose another way."))
    elif error is not None:
        form.add_error(None, sentence(error, rows))
    return _page(request, rows, form, status=CONFLICT if isinstance(error, CONFLICTS) else BAD)


def sentence(error: Exception, rows: list[Row]) -> str:
    if isinstance(error, exceptions.OutOfStock):
        return _left(
            error.left,
            rows,
            none=_("%(medicine)s is sold out."),
            few=_("Of %(medicine)s there are only %(left)s packs left."),
        )
    if isinstance(error, exceptions.MoreThanPrescribed):
        return _left(
            error.left,
            rows,
            none=_("All of %(medicine)s that was prescribed has been ordered."),
            few=_("The prescription gives only %(left)s more packs of %(medicine)s."),
        )
    sentences = {
        exceptions.TotalChanged: _(
            "A price has changed since this page was shown. Nothing was ordered; this is the new total."
        ),
        exceptions.TotalTooHigh: _("This is more than can be paid at once. Order fewer packs."),
        exceptions.PrescriptionNeeded: _(
            "Something in your basket is sold on prescription only. Order it from the page of your prescription."
        ),
        exceptions.PrescriptionNotValid: _("The prescription is not valid any more. Ask the doctor for a new one."),
        exceptions.TooManyUnpaidOrders: _(
            "You have %(count)s orders that are not paid yet, and more is not possible. Pay for one of them or cancel "
            "it under “My orders”."
        )
        % {"count": MOST_UNPAID_ORDERS},
        exceptions.EmailNotConfirmed: _("Please confirm your e-mail address first; you find it in your profile."),
        exceptions.NotForThisPatient: _("You can order for yourself and for your children only."),
        exceptions.OrderKeyReused: _(
            "You have sent this form before with other details. Check them and send it again."
        ),
        exceptions.NotSold: _("The clinic sells no medicines at the moment."),
    }
    return sentences.get(type(error)) or _("That did not work. Please try again.")


def _left(left: dict[str, int], rows: list[Row], *, none: str, few: str) -> str:
    names = {row.medicine.pk: str(row.medicine) for row in rows}
    return " ".join(
        (few if count else none) % {"medicine": names.get(medicine_id, ""), "left": count}
        for medicine_id, count in left.items()
    )
