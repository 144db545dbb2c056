"""One line of an order at the pharmacy's desk: dispensed, replaced by another medicine, or taken out."""

from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from clinics.policies import capability_required
from pharmacy import selectors_desk as selectors
from pharmacy.exceptions import DirectionsMissing
from pharmacy.forms.desk import ConsentForm, DirectionsForm, ProposeForm, TakeOutForm, packs_of_batches
from pharmacy.models import (
    OPEN_STATUSES,
    Dispensing,
    Medicine,
    Order,
    OrderItem,
    OrderStatus,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.services import desk, substitution
from pharmacy.views.desk.order import Refused, order_page
from pharmacy.views.desk.page import (
    BAD,
    CONFLICT,
    REFUSALS,
    around,
    do,
    item_or_404,
    order_or_404,
    order_url,
    page,
    why,
)
from precta.text import printable

LONGEST_SEARCH = 60


@capability_required("orders.dispense")
@require_POST
def dispense(request: HttpRequest, order_id: str, item_id: str) -> HttpResponse:
    """Packs out of one or more batches for one line; `left` is how many it lacked when the page was made.

    A refusal is said on the order's page as it stands by now, with what was typed.
    """
    order = order_or_404(request, order_id)
    item = item_or_404(order, item_id)
    left = request.POST.get("left", "")
    form = DirectionsForm(request.POST)
    try:
        if not (left.isascii() and left.isdigit() and len(left) < 7):
            raise ValidationError(_("Write whole packs."))
        packs = packs_of_batches(request.POST)
        if not form.is_valid():
            raise ValidationError(form.errors["directions"].as_data())
        directions = form.cleaned_data["directions"] if "directions" in request.POST else None
        desk.dispense_from(item=item, packs=packs, by_user=request.user, expected_left=int(left), directions=directions)
    except REFUSALS as error:
        says = why(error)
        messages.error(request, says)
        refused = Refused(item.pk, says, request.POST)
        is_typing = isinstance(error, ValidationError | DirectionsMissing)
        return order_page(
            request, order_or_404(request, order_id), refused=refused, status=BAD if is_typing else CONFLICT
        )
    messages.success(request, _("Dispensed: %(name)s.") % {"name": item.name})
    return redirect(order_url(order, item.pk))


@capability_required("orders.dispense")
@require_POST
def undo(request: HttpRequest, order_id: str, dispensing_id: str) -> HttpResponse:
    order = order_or_404(request, order_id)
    row = Dispensing.objects.filter(pk=dispensing_id, item__order=order).first()
    if row is None:
        raise Http404
    return do(
        request,
        order,
        lambda: desk.undo_dispensing(dispensing=row, by_user=request.user),
        _("The packs are back on the shelf."),
        anchor=row.item_id,
    )


@capability_required("orders.dispense")
@require_http_methods(["GET", "HEAD", "POST"])
def substitute(request: HttpRequest, order_id: str, item_id: str) -> HttpResponse:
    """Medicines that may take the line's place, and the question to the patient."""
    order = order_or_404(request, order_id)
    item = item_or_404(order, item_id)
    if order.status not in OPEN_STATUSES or not item.quantity:
        messages.info(request, _("This line cannot be replaced any more."))
        return redirect(order_url(order, item.pk))
    words = printable(request.GET.get("q", "")[:LONGEST_SEARCH])
    form = ProposeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        medicine = Medicine.objects.filter(pk=data["medicine"]).first()
        if medicine is None:
            raise Http404
        return do(
            request,
            order,
            lambda: substitution.propose(
                item=item,
                medicine=medicine,
                quantity=data["quantity"],
                reason=data["reason"],
                by_user=request.user,
            ),
            _("The patient is asked, and answers on the order's page."),
            anchor=item.pk,
        )
    written = _written(order, item)
    context = around(order, title=_("Another medicine for this line")) | {
        "item": item,
        "written": written,
        "words": words,
        "candidates": [
            (one, form.packs_typed(one.medicine.pk, one.packs))
            for one in selectors.candidates_for(item, words, written=written)
        ],
        "form": form,
        "given": desk.dispensed_of(item),
    }
    return page(request, "substitute", context, status=BAD if form.errors else 200)


@capability_required("orders.dispense")
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, order_id: str, substitution_id: str) -> HttpResponse:
    """The patient answered on the phone: what they said stands in the books."""
    order = order_or_404(request, order_id)
    asked = _asked(order, substitution_id)
    if asked.status != SubstitutionStatus.PROPOSED:
        messages.info(
            request, _("This question was answered or taken back a moment ago. Look at the line again, please.")
        )
        return redirect(order_url(order, asked.item_id))
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        accepts = form.cleaned_data["answer"] == "yes"
        return do(
            request,
            order,
            lambda: substitution.answer(
                substitution=asked, by_user=request.user, accepts=accepts, consent=form.cleaned_data["consent"]
            ),
            _("The line is replaced, as the patient agreed.") if accepts else _("The line stays as it was."),
            anchor=asked.item_id,
        )
    context = around(order, title=_("Note the patient's answer")) | {
        "asked": asked,
        "form": form,
        "saves": asked.item.total_price - asked.unit_price * asked.quantity,
    }
    return page(request, "consent", context, status=BAD if form.errors else 200)


@capability_required("orders.dispense")
@require_POST
def withdraw(request: HttpRequest, order_id: str, substitution_id: str) -> HttpResponse:
    order = order_or_404(request, order_id)
    asked = _asked(order, substitution_id)
    return do(
        request,
        order,
        lambda: substitution.withdraw(substitution=asked, by_user=request.user),
        _("The question is taken back; the patient is not asked any more."),
        anchor=asked.item_id,
    )


@capability_required("orders.cancel")
@require_http_methods(["GET", "HEAD", "POST"])
def take_out(request: HttpRequest, order_id: str, item_id: str) -> HttpResponse:
    """Fewer packs of a line, or none: shows what each number pays back, then asks once."""
    order = order_or_404(request, order_id)
    item = item_or_404(order, item_id)
    if order.status not in OPEN_STATUSES or not item.quantity:
        messages.info(request, _("Nothing can be taken out of this line any more."))
        return redirect(order_url(order, item.pk))
    given = desk.dispensed_of(item)
    if given == item.quantity:
        messages.info(request, _("Packs of this line are dispensed. Put them back on the shelf first."))
        return redirect(order_url(order, item.pk))
    start = {"keep": given, "shown": item.quantity}
    form = TakeOutForm(
        request.POST if request.method == "POST" else None, initial=start, most=item.quantity, least=given
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        item.quantity = data["shown"]
        try:
            left = desk.take_out(item=item, keep=data["keep"], by_user=request.user, reason=data["reason"])
        except REFUSALS as error:
            messages.error(request, why(error))
        else:
            if Order.objects.filter(pk=order.pk, status=OrderStatus.CANCELLED).exists():
                messages.success(request, _("That was its last line: the order is cancelled, and the patient is told."))
                return redirect(order_url(order))
            words = ngettext(
                "%(count)d pack of the line stays, and the rest is paid back.",
                "%(count)d packs of the line stay, and the rest is paid back.",
                left.quantity,
            )
            messages.success(request, words % {"count": left.quantity})
        return redirect(order_url(order, item.pk))
    others = order.items.exclude(pk=item.pk).filter(quantity__gt=0).exists()
    context = around(order, title=_("Take packs out")) | {
        "item": item,
        "form": form,
        "given": given,
        "steps": _steps(item, given),
        "ends_order": not others and not given,
        "whole": selectors.kept_of(order),
    }
    return page(request, "take_out", context, status=BAD if form.errors else 200)


def _steps(item: OrderItem, least: int) -> list[tuple[int, Decimal]]:
    """(how many stay, what goes back), at most six of them: none, and the next ones."""
    numbers = range(least, item.quantity)
    picked = numbers if len(numbers) <= 6 else [*numbers[:5], numbers[-1]]
    return [(keep, (item.quantity - keep) * item.unit_price) for keep in picked]


def _asked(order: Order, substitution_id: str) -> Substitution:
    rows = Substitution.objects.select_related("item", "medicine", "replaced", "proposed_by")
    asked = rows.filter(pk=substitution_id, item__order=order).first()
    if asked is None:
        raise Http404
    return asked


def _written(order: Order, item: OrderItem) -> dict[str, str] | None:
    if order.prescription is None or item.prescription_line is None:
        return None
    return order.prescription.medications[item.prescription_line]
