"""The pharmacy's counter on the clinic's host: anybody looks and fills a basket, which holds nothing."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Role
from pharmacy.basket import Basket, packs_in, subtotal_of
from pharmacy.models import Medicine, PrescriptionState
from pharmacy.selectors import own_prescriptions
from pharmacy.selectors_catalogue import search_catalogue
from pharmacy.services.filling import Choice, Filling, basket_lines, fillings_of
from pharmacy.services.ordering import MOST_PACKS
from pharmacy.states import today_at
from precta.access import role_required
from precta.ratelimit import limit
from precta.text import printable

BAD, CONFLICT = 400, 409
PAGE_SIZE = 24
LONGEST_SEARCH = 60


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    asked: str
    kind: str  # "" everything, "free" without a prescription, "rx" only on one
    in_stock: bool

    def query(self, **changed: str) -> str:
        now = {"q": self.asked, "kind": self.kind, "stock": "1" if self.in_stock else ""} | changed
        return urlencode({name: value for name, value in now.items() if value})


@require_safe
def counter(request: HttpRequest) -> HttpResponse:
    """What the pharmacy sells, in stock or not."""
    filters = _filters(request)
    rows = search_catalogue(filters.asked)
    if filters.kind:
        rows = rows.filter(is_prescription_only=filters.kind == "rx")
    if filters.in_stock:
        rows = rows.filter(stock__gt=0)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page", "")[:6])
    context = {
        "sells": request.clinic.policy.sells_medicines,
        "page": page,
        "page_query": filters.query(),
        "filters": filters,
        "kinds": [
            {"label": label, "query": filters.query(kind=kind), "current": filters.kind == kind}
            for kind, label in (
                ("", _("Everything")),
                ("free", _("Without a prescription")),
                ("rx", _("On prescription")),
            )
        ],
        "stock_query": filters.query(stock="" if filters.in_stock else "1"),
        "basket": Basket.of(request.session, request.clinic),
        "currency": request.clinic.policy.currency,
    }
    return render(request, "pharmacy/orders/counter.html", context)


def _filters(request: HttpRequest) -> Filters:
    asked = request.GET
    kind = asked.get("kind", "")
    words = printable(asked.get("q", "")[:LONGEST_SEARCH]).strip()
    return Filters(words, kind if kind in {"free", "rx"} else "", asked.get("stock") == "1")


@require_http_methods(["GET", "HEAD", "POST"])
@limit("basket", "120/m")
def basket(request: HttpRequest) -> HttpResponse:
    """What is in it; a POST puts something in, takes it out or changes how many (`do`)."""
    kept = Basket.of(request.session, request.clinic)
    if request.method == "POST":
        error = _change(request, kept)
        kept.keep(request.session, request.clinic)
        if not error:
            return redirect("pharmacy:orders:basket")
        return _page(request, kept, error=error, status=BAD)
    return _page(request, kept)


def _change(request: HttpRequest, kept: Basket) -> str:
    """What was wrong with it, "" when it was done."""
    do, packs = request.POST.get("do"), packs_in(request.POST.get("packs", "1"))
    if do == "clear":
        kept.lines.clear()
        return ""
    if packs is None or packs > MOST_PACKS:
        return _("Write how many packs, up to %(most)s.") % {"most": MOST_PACKS}
    if do == "add":
        return _add(request, kept, packs)
    if do == "set" and (key := request.POST.get("line")):
        return "" if kept.set(key, packs) else _("This medicine is not in your basket any more.")
    return _("That did not work. Please try again.")


def _add(request: HttpRequest, kept: Basket, packs: int) -> str:
    asked = printable(request.POST.get("medicine", "")[:40])
    medicine = Medicine.objects.on_sale().filter(pk=asked).first()
    if medicine is None or not request.clinic.policy.sells_medicines:
        return _("This medicine is not sold any more.")
    if medicine.is_prescription_only:
        return _("%(medicine)s is sold on prescription only. Order it from the page of your prescription.") % {
            "medicine": medicine
        }
    if kept.is_full:
        return _("Your basket is full. Order what is in it first.")
    if not packs:
        return _("Write how many packs, up to %(most)s.") % {"most": MOST_PACKS}
    kept.add(medicine.pk, packs)
    messages.success(request, _("%(medicine)s is in your basket.") % {"medicine": medicine})
    return ""


def _page(request: HttpRequest, kept: Basket, *, error: str = "", status: int = 200) -> HttpResponse:
    rows = kept.rows()
    context = {
        "rows": rows,
        "gone": kept.count - len(rows),
        "subtotal": subtotal_of(rows),
        "is_short": any(row.is_short for row in rows),
        "from_prescription": kept.prescription_id,
        "currency": request.clinic.policy.currency,
        "free_from": request.clinic.policy.free_delivery_from if request.clinic.policy.offers_delivery else None,
        "sells": request.clinic.policy.sells_medicines,
        "most": MOST_PACKS,
        "error": error,
    }
    return render(request, "pharmacy/orders/basket.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.PATIENT)
@limit("basket", "120/m")
def fill(request: HttpRequest, prescription_id: str) -> HttpResponse:
    """What the pharmacy has for each line of a prescription (GET); what is chosen goes into the basket (POST)."""
    prescription = get_object_or_404(own_prescriptions(request.user), pk=prescription_id)
    prescription.doctor.clinic = request.clinic
    state = prescription.state(today_at(request.clinic))
    is_usable = state == PrescriptionState.ACTIVE and request.clinic.policy.sells_medicines
    fillings = fillings_of(prescription) if is_usable else []
    rows = [_filled(request, filling) for filling in fillings]
    error = ""
    if request.method == "POST":
        chosen = {row.filling.place: (row.picked, packs_in(row.packs)) for row in rows}
        lines = basket_lines(fillings, chosen)
        if any(row.is_odd for row in rows):
            error = _("Write how many packs, up to %(most)s.") % {"most": MOST_PACKS}
        elif lines:
            kept = Basket.of(request.session, request.clinic)
            kept.fill(prescription, lines)
            kept.keep(request.session, request.clinic)
            _say_what_is_less(request, rows)
            return redirect("pharmacy:orders:basket")
        else:
            error = (
                _("Choose at least one medicine.") if is_usable else _("Nothing can be ordered from this prescription.")
            )
    context = {
        "prescription": prescription,
        "state": state,
        "is_usable": is_usable,
        "rows": rows,
        "has_choice": any(filling.choices for filling in fillings),
        "for_another": prescription.patient_id != request.user.pk,
        "currency": request.clinic.policy.currency,
        "error": error,
    }
    status = (BAD if is_usable else CONFLICT) if error else 200
    return render(request, "pharmacy/orders/fill.html", context, status=status)


@dataclass(frozen=True, slots=True)
class FilledLine:
    """A line of the prescription in the form: the medicine that is ticked, and each choice with its number of packs."""

    filling: Filling
    picked: str
    choices: list[tuple[Choice, str]]

    @property
    def packs(self) -> str:
        """The number that stands beside what is ticked."""
        return next((typed for choice, typed in self.choices if choice.medicine.pk == self.picked), "")

    @property
    def is_odd(self) -> bool:
        packs = packs_in(self.packs)
        return bool(self.packs) and (packs is None or packs > MOST_PACKS)


def _say_what_is_less(request: HttpRequest, rows: list[FilledLine]) -> None:
    """The basket holds what the prescription gives, whatever was typed."""
    for row in rows:
        choice, packs = row.filling.chosen(row.picked), packs_in(row.packs)
        if choice is not None and packs is not None and packs > choice.most:
            words = _("The prescription gives only %(left)s more packs of %(medicine)s.")
            messages.warning(request, words % {"left": choice.most, "medicine": choice.medicine})


def _filled(request: HttpRequest, filling: Filling) -> FilledLine:
    """As it was sent; as it is proposed when nothing was. Every medicine has a number of its own, since packs of
    another strength or size are another number of them."""
    place = filling.place
    if request.method == "POST":
        picked = request.POST.get(f"medicine-{place}", "")[:40]
        numbers = [request.POST.get(f"packs-{place}-{one.medicine.pk}", "").strip()[:20] for one in filling.choices]
    else:
        picked = filling.best.medicine.pk if filling.best is not None else ""
        numbers = [str(one.packs) for one in filling.choices]
    return FilledLine(filling, picked, list(zip(filling.choices, numbers, strict=True)))
