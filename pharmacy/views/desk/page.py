"""What all pages of the pharmacy's desk share: the order asked for, the way back, and what a refusal says."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.admin_sites import clinic_admin
from pharmacy import exceptions
from pharmacy.models import Order, OrderItem, OrderStatus
from pharmacy.selectors_desk import came_to_the_desk

HOME = "admin:pharmacy_desk"
BAD, CONFLICT = 400, 409
TAB_OF = {
    OrderStatus.PLACED: "prepare",
    OrderStatus.PROCESSING: "preparing",
    OrderStatus.DISPATCHED: "on_the_way",
}


def page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page in the frame of the clinic's admin; `title` in the context is its heading."""
    return render(
        request, f"admin/pharmacy_desk/{name}.html", {**clinic_admin.each_context(request), **context}, status=status
    )


def order_or_404(request: HttpRequest, order_id: str) -> Order:
    """An order of this clinic that was paid."""
    rows = came_to_the_desk().select_related(
        "patient__user", "placed_by", "cancelled_by", "payment", "prescription__doctor", "prescription__replaced_by"
    )
    order = rows.filter(pk=order_id).first()
    if order is None:
        raise Http404
    return order


def item_or_404(order: Order, item_id: str) -> OrderItem:
    item = order.items.select_related("medicine").filter(pk=item_id).first()
    if item is None:
        raise Http404
    item.order = order
    return item


def order_url(order: Order, anchor: str = "") -> str:
    return reverse("admin:pharmacy_desk_order", args=[order.pk]) + (f"#l-{anchor}" if anchor else "")


def queue_url(order: Order) -> str:
    """The tab of the queue in which the order lies."""
    return reverse(HOME) + "?" + urlencode({"tab": TAB_OF.get(OrderStatus(order.status), "done")})


def around(order: Order, *, title: str) -> dict[str, Any]:
    return {"title": title, "order": order, "back_url": order_url(order), "queue_url": queue_url(order)}


def do(request: HttpRequest, order: Order, act: Callable[[], Any], done: str, *, anchor: str = "") -> HttpResponse:
    """Call one service and go back to the order's page, which shows how it stands; a refusal is said there."""
    try:
        act()
    except REFUSALS as error:
        messages.error(request, why(error))
    else:
        messages.success(request, done)
    return redirect(order_url(order, anchor))


def why(error: Exception) -> str:
    """What a refusal says to the pharmacist. Nothing was changed."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, exceptions.TooManyPacks) and error.left > 0:
        words = ngettext(
            "Choose from one to %(count)d pack for this line.",
            "Choose from one to %(count)d packs for this line.",
            error.left,
        )
        return words % {"count": error.left}
    if isinstance(error, exceptions.OrderChanged):
        return _("Somebody changed this order a moment ago: it is “%(state)s” now. Nothing was changed by you.") % {
            "state": OrderStatus(error.current).label
        }
    for kind, words in SENTENCES:
        if isinstance(error, kind):
            return str(words())
    raise error


SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[], Any]], ...] = (
    (
        (exceptions.InvalidOrderTransition, exceptions.OrderLeft),
        lambda: _("Somebody changed this order a moment ago. Look at it again, please."),
    ),
    (
        exceptions.LineChanged,
        lambda: _("Somebody worked on this line a moment ago. Look at it again, please. Nothing was changed by you."),
    ),
    (
        exceptions.TooManyPacks,
        lambda: _("This line has all its packs already. Nothing was changed by you."),
    ),
    (
        exceptions.BatchUnusable,
        lambda: _("Nothing is given out of that batch: it has expired, was set aside or holds something else."),
    ),
    (
        exceptions.NotEnoughOnShelf,
        lambda: _("That batch does not hold as many packs any more. Look at the numbers again, please."),
    ),
    (
        exceptions.DirectionsMissing,
        lambda: _(
            "This is not exactly what the doctor wrote. Write how much of it to take and how often: the label says it."
        ),
    ),
    (
        exceptions.PrescriptionReplaced,
        lambda: _(
            "The doctor replaced this prescription, so nothing that needs it is given out any more. Take these packs "
            "out or cancel the order: the money goes back, and the patient can order from the new one."
        ),
    ),
    (
        exceptions.AnswerAwaited,
        lambda: _("The patient was asked about this line. Wait for the answer, or take the question back."),
    ),
    (
        exceptions.DispensedAlready,
        lambda: _("Packs of this line are dispensed. Put them back on the shelf first."),
    ),
    (
        exceptions.NotAllDispensed,
        lambda: _("Not every line is dispensed in full. Nothing leaves the house until it is."),
    ),
    (
        exceptions.CourierMissing,
        lambda: _("Write who brings it, and their phone."),
    ),
    (
        exceptions.NotASubstitute,
        lambda: _("That medicine cannot take the place of this line."),
    ),
    (
        exceptions.MoreThanPrescribed,
        lambda: _("The prescription does not give as many packs of it."),
    ),
    (
        exceptions.SubstitutionClosed,
        lambda: _("This question was answered or taken back a moment ago. Look at the line again, please."),
    ),
    (
        exceptions.OutOfStock,
        lambda: _("There are not enough packs of it any more. Nothing was changed."),
    ),
)
REFUSALS = (exceptions.OrderError, exceptions.StockError, ValidationError)
