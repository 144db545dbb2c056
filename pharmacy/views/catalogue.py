"""The pharmacy's shelf and the import of its list, inside the clinic's admin."""

import re
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.selectors import staff_with_names
from clinics.admin_sites import clinic_admin
from clinics.policies import can, capability_required, request_membership
from pharmacy import catalogue_store, exceptions
from pharmacy.catalogue_file import COLUMNS, MOST_BYTES, Unreadable, heading
from pharmacy.forms.catalogue import CountForm, ReceiveForm, WriteOffForm
from pharmacy.models import Medicine, MedicineBatch
from pharmacy.selectors_catalogue import SOON
from pharmacy.services import catalogue, catalogue_import
from pharmacy.services.stock import missing_packs
from pharmacy.states import today_at
from precta.csv_export import csv_response
from precta.ids import new_id
from precta.text import printable

MOVEMENTS_A_PAGE = 50
PRICES_SHOWN = 50
# Of a long list the page shows the first ones and says how many more there are; every remark is in its CSV file.
MOST_SHOWN = 500
TOKEN = re.compile(r"[A-Za-z0-9]{24}")
may_keep = capability_required("pharmacy.catalogue")
# What the page of the import says of each column.
HELP = {
    "sku": gettext_lazy("Needed in every line. An article with this number is changed, any other one is added."),
    "generic_name": gettext_lazy("Needed for a new article."),
    "brand_name": gettext_lazy("May be empty."),
    "substances": gettext_lazy("Several with commas. Empty: taken from the generic name."),
    "form": gettext_lazy("Needed for a new article: tablet, capsule, syrup, cream, injection …"),
    "strength": gettext_lazy("May be empty."),
    "pack_size": gettext_lazy("Needed for a new article: a whole number."),
    "pack_unit": gettext_lazy("Needed for a new article: what the pack counts."),
    "price": gettext_lazy("Needed for a new article: in the clinic's currency, with a point or a comma."),
    "low_stock_at": gettext_lazy("A whole number; 5 where a new article has none."),
    "is_prescription_only": gettext_lazy("Yes or no; yes where a new article has none."),
    "is_active": gettext_lazy("Yes or no; yes where a new article has none."),
    "batch": gettext_lazy("Only to begin with: a batch that the article does not have yet is taken in."),
    "expiry": gettext_lazy("Needed with a batch: 2028-05-31, 31/05/2028 or 05/2028."),
    "packs": gettext_lazy("Needed with a batch. A batch that is known already stays as it is."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@may_keep
def stock(request: HttpRequest, object_id: str) -> HttpResponse:
    """What lies on the shelf of one article, how it came there, and what it cost."""
    medicine = get_object_or_404(Medicine, pk=object_id)
    if request.method != "POST":
        return _stock_page(request, medicine)
    act = {"receive": _receive, "write_off": _write_off, "count": _count}.get(request.POST.get("do", ""))
    if act is None:
        return HttpResponse(status=400)
    return act(request, medicine)


def _receive(request: HttpRequest, medicine: Medicine) -> HttpResponse:
    form = ReceiveForm(request.POST)
    if not form.is_valid():
        return _stock_page(request, medicine, receive=form, status=400)
    data = form.cleaned_data
    try:
        catalogue.receive_batch(medicine=medicine, by_user=request.user, today=today_at(request.clinic), **data)
    except exceptions.AlreadyExpired:
        form.add_error("expires_on", _("This day is past: packs that are out of date are not taken in."))
    except exceptions.BatchDiffers as error:
        day = date_format(error.batch.expires_on, "j M Y")
        form.add_error("expires_on", _("This batch is known and expires on %(day)s.") % {"day": day})
    except exceptions.BatchSetAside:
        form.add_error("number", _("This batch was set aside: nothing of it is sold any more."))
    if form.errors:
        return _stock_page(request, medicine, receive=form, status=409)
    packs = data["packs"]
    said = ngettext("%(packs)d pack was taken in.", "%(packs)d packs were taken in.", packs)
    messages.success(request, said % {"packs": packs})
    return _back_to(medicine)


def _write_off(request: HttpRequest, medicine: Medicine) -> HttpResponse:
    batch = _batch(request, medicine)
    form = WriteOffForm(request.POST, prefix=batch.pk)
    if not form.is_valid():
        return _stock_page(request, medicine, writing=form, chosen=batch, status=400)
    try:
        missing = catalogue.write_off(batch=batch, by_user=request.user, **form.cleaned_data)
    except exceptions.NotEnoughOnShelf as error:
        said = ngettext("There is %(left)d pack of it.", "There are %(left)d packs of it.", error.left)
        form.add_error("packs", said % {"left": error.left})
        return _stock_page(request, medicine, writing=form, chosen=batch, status=409)
    messages.success(request, _("Written off."))
    _say_missing(request, missing)
    return _back_to(medicine)


def _count(request: HttpRequest, medicine: Medicine) -> HttpResponse:
    batch = _batch(request, medicine)
    form = CountForm(request.POST, prefix=batch.pk)
    if not form.is_valid():
        return _stock_page(request, medicine, counting=form, chosen=batch, status=400)
    try:
        missing = catalogue.correct_count(batch=batch, by_user=request.user, **form.cleaned_data)
    except exceptions.CountedAnew as error:
        said = _("The shelf changed while you counted: %(count)d packs are noted now. Count again.")
        form = CountForm({f"{batch.pk}-{name}": value for name, value in form.cleaned_data.items()}, prefix=batch.pk)
        form.data[f"{batch.pk}-seen"] = error.on_hand
        form.add_error("counted", said % {"count": error.on_hand})
        return _stock_page(request, medicine, counting=form, chosen=batch, status=409)
    except exceptions.BatchSetAside:
        form.add_error("counted", _("This batch was set aside: nothing of it is sold any more."))
        return _stock_page(request, medicine, counting=form, chosen=batch, status=409)
    messages.success(request, _("The count is noted."))
    _say_missing(request, missing)
    return _back_to(medicine)


def _batch(request: HttpRequest, medicine: Medicine) -> MedicineBatch:
    return get_object_or_404(
        MedicineBatch, pk=request.POST.get("batch", "")[:36].replace("\x00", ""), medicine=medicine
    )


def _say_missing(request: HttpRequest, missing: int) -> None:
    if missing:
        said = ngettext(
            "%(packs)d pack that an order waits for is missing now. Take in new packs or change the order.",
            "%(packs)d packs that orders wait for are missing now. Take in new packs or change the orders.",
            missing,
        )
        messages.warning(request, said % {"packs": missing})


def _back_to(medicine: Medicine) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:pharmacy_medicine_stock", args=[medicine.pk]))


def _stock_page(
    request: HttpRequest,
    medicine: Medicine,
    *,
    receive: ReceiveForm | None = None,
    writing: WriteOffForm | None = None,
    counting: CountForm | None = None,
    chosen: MedicineBatch | None = None,
    status: int = 200,
) -> HttpResponse:
    medicine.refresh_from_db()
    today = today_at(request.clinic)
    batches = list(medicine.batches.filter(on_hand__gt=0))
    rows = []
    for batch in batches:
        mine = chosen is not None and chosen.pk == batch.pk
        off = writing if mine and writing else WriteOffForm(prefix=batch.pk, initial={"key": new_id()})
        count = CountForm(prefix=batch.pk, initial={"counted": batch.on_hand, "seen": batch.on_hand})
        rows.append({"batch": batch, "off": off, "count": counting if mine and counting else count})
    page = Paginator(medicine.movements.select_related("batch", "order"), MOVEMENTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    prices = list(medicine.prices.all()[:PRICES_SHOWN])
    # Who works here is named; who ordered is not: those who keep the catalogue need not see orders.
    ids = {move.made_by_id for move in page} | {price.changed_by_id for price in prices}
    names = dict(staff_with_names(request.clinic).filter(user_id__in=ids - {None}).values_list("user_id", "name"))
    context = {
        **clinic_admin.each_context(request),
        "title": _("Stock"),
        "medicine": medicine,
        "currency": request.clinic.policy.currency,
        "batches": rows,
        "on_shelf": sum(batch.on_hand for batch in batches),
        "receive": receive or ReceiveForm(initial={"key": new_id()}),
        "gone": medicine.batches.filter(set_aside_at__isnull=False).order_by("-set_aside_at")[:20],
        "missing": missing_packs([medicine.pk]).get(medicine.pk, 0),
        # An order's number, or its minute, leads to the patient: on the payment, or in the trail.
        "may_see_orders": can(request_membership(request), "orders.view"),
        "page": page,
        "moves": [
            (move, names.get(move.made_by_id, "–"), _signed(move.change), _signed(move.shelf_change)) for move in page
        ],
        "prices": [(price, names.get(price.changed_by_id, "–")) for price in prices],
        "today": today,
        "soon": today + SOON,
    }
    return render(request, "admin/catalogue/stock.html", context, status=status)


def _signed(change: int) -> str:
    return f"{change:+d}".replace("-", "\u2212") if change else "–"


# The import


@require_http_methods(["GET", "HEAD", "POST"])
@may_keep
def import_file(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is checked and kept, and nothing is written."""
    if request.method != "POST":
        return _choose(request)
    given = request.FILES.get("file")
    if given is None:
        return _choose(request, error=_("Choose a file."), status=400)
    if (given.size or 0) > MOST_BYTES:
        return _choose(request, error=_("The file is larger than 2 MB."), status=413)
    data = given.read()
    try:
        catalogue_import.check(data=data, today=today_at(request.clinic))
    except Unreadable as error:
        return _choose(request, error=str(error.says), status=error.status)
    name = printable(given.name or "")[:100] or "catalogue.csv"
    token = catalogue_store.keep(clinic=request.clinic, user=request.user, name=name, data=data)
    return HttpResponseRedirect(reverse("admin:pharmacy_medicine_import_check", args=[token]))


@require_http_methods(["GET", "HEAD", "POST"])
@may_keep
def import_check(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the file would do; its button does exactly that. `?as=csv` is every line that something is said of."""
    if not TOKEN.fullmatch(token):
        raise Http404
    whose: dict[str, Any] = {"clinic": request.clinic, "user": request.user, "token": token}
    kept = catalogue_store.kept(**whose)
    if kept is None:
        says = _("This check is over: the file was read in already, or more than an hour has passed. Choose it again.")
        return _choose(request, error=says, status=409 if request.method == "POST" else 200)
    today = today_at(request.clinic)
    if request.method != "POST":
        plan = catalogue_import.check(data=kept.data, today=today)
        return _remarks_file(plan) if request.GET.get("as") == "csv" else _check_page(request, kept, plan)
    fingerprint = request.POST.get("fingerprint", "")
    try:
        plan = catalogue_import.apply(data=kept.data, fingerprint=fingerprint, by_user=request.user, today=today)
    except exceptions.CatalogueChanged as error:
        return _check_page(request, kept, error.plan, has_changed=True, status=409)
    catalogue_store.forget(**whose)
    said = _("The list is read in: %(added)d added, %(changed)d changed, %(unchanged)d as they were.")
    counts = {"added": len(plan.added), "changed": len(plan.changed), "unchanged": plan.unchanged}
    messages.success(request, said % counts)
    return HttpResponseRedirect(reverse("admin:pharmacy_medicine_changelist"))


@require_http_methods(["GET", "HEAD"])
@may_keep
def import_template(request: HttpRequest) -> HttpResponseBase:
    """An empty list with its headings and two lines that show how they are filled."""
    yes, no, capsule, tablet = _("Yes"), _("No"), _("Capsule"), _("Tablet")
    rows = [
        (
            *("AMX-500", "Amoxicillin", "Amoxil", "amoxicillin", capsule, "500 mg", 15, _("capsules"), 720, 5, yes),
            *(yes, "B1234", "2028-05-31", 40),
        ),
        ("PAR-500", "Paracetamol", "", "", tablet, "500 mg", 20, _("tablets"), 60, 10, no, yes, "", "", ""),
    ]
    return csv_response("precta-medicines-template", [heading(name) for name in COLUMNS], rows)


def _choose(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        **clinic_admin.each_context(request),
        "title": _("Import a list"),
        "error": error,
        "columns": [(heading(name), HELP[name]) for name in COLUMNS],
    }
    return render(request, "admin/catalogue/import.html", context, status=status)


def _remarks_file(plan: catalogue_import.Plan) -> HttpResponseBase:
    header = [_("Line"), _("Column"), _("What is there"), _("What is to be said of it")]
    remarks = sorted([*plan.problems, *plan.left_alone], key=lambda one: one.line)
    rows = [(one.line, one.heading, one.value, one.says) for one in remarks]
    return csv_response("precta-medicines-problems", header, rows)


def _check_page(
    request: HttpRequest,
    kept: catalogue_store.CheckedFile,
    plan: catalogue_import.Plan,
    *,
    has_changed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        **clinic_admin.each_context(request),
        "title": _("Check the list"),
        "file": kept,
        "plan": plan,
        "has_changed": has_changed,
        "currency": request.clinic.policy.currency,
        "problems": plan.problems[:MOST_SHOWN],
        "more_problems": max(0, len(plan.problems) - MOST_SHOWN),
        "left_alone": plan.left_alone[:MOST_SHOWN],
        "more_left_alone": max(0, len(plan.left_alone) - MOST_SHOWN),
        "added": plan.added[:MOST_SHOWN],
        "more_added": max(0, len(plan.added) - MOST_SHOWN),
        "changed": plan.changed[:MOST_SHOWN],
        "more_changed": max(0, len(plan.changed) - MOST_SHOWN),
        "openings": plan.openings[:MOST_SHOWN],
        "more_openings": max(0, len(plan.openings) - MOST_SHOWN),
    }
    return render(request, "admin/catalogue/check.html", context, status=status)
