"""The patient's side answers what the pharmacy proposes instead. Everybody else finds nothing here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pharmacy.exceptions import (
    MoreThanPrescribed,
    NotASubstitute,
    OrderChanged,
    OutOfStock,
    PrescriptionReplaced,
    SubstitutionClosed,
)
from pharmacy.selectors_substitutions import answerable_by
from pharmacy.services.substitution import answer
from precta.access import login_required


@require_POST
@login_required
def accept(request: HttpRequest, order_id: str, substitution_id: str) -> HttpResponse:
    return _answer(request, order_id, substitution_id, accepts=True)


@require_POST
@login_required
def decline(request: HttpRequest, order_id: str, substitution_id: str) -> HttpResponse:
    return _answer(request, order_id, substitution_id, accepts=False)


def _answer(request: HttpRequest, order_id: str, substitution_id: str, *, accepts: bool) -> HttpResponse:
    asked = get_object_or_404(answerable_by(request.user, order_id), pk=substitution_id)
    try:
        answer(substitution=asked, by_user=request.user, accepts=accepts)
    except (OutOfStock, NotASubstitute, MoreThanPrescribed, PrescriptionReplaced):
        messages.error(
            request, _("It is not to be had any more, so nothing was changed. The pharmacy will look for another way.")
        )
    except SubstitutionClosed:
        messages.info(request, _("This question was answered before. You see here how your order stands."))
    except OrderChanged:
        messages.info(request, _("Your order has moved on, so there is nothing to answer any more."))
    else:
        done = _("Thank you. Your order is changed, and the pharmacy goes on preparing it.")
        messages.success(request, done if accepts else _("Thank you. The pharmacy knows that you do not want it."))
    return redirect("pharmacy:orders:order", order_id)
