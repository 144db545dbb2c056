"""The two admin sites: the platform's on the admin host, and each clinic's on its own host."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth import logout as end_session
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinics.admin_menu import Entry, Site, grouped
from clinics.admin_second_step import SecondStep, safe_next
from clinics.dashboard import lines_for
from clinics.first_steps import first_steps
from clinics.policies import request_membership
from clinics.policy_settings import DEFAULT_TIME_ZONE
from precta import hosts
from precta.access import sign_in_redirect
from precta.audit.services import record
from precta.client import client_ip, network_of
from precta.ratelimit import limit, too_many_requests
from precta.second_factor.session import passed
from precta.tenancy import public_context

# Passwords are changed on the platform host; "view on site" would resolve any object of any table by its id.
CLOSED = {"password_change", "password_change_done", "view_on_site"}


class HouseAdminSite(AdminSite):
    """What both sites share: who may not enter is told so instead of asked to sign in again."""

    empty_value_display = "–"
    kind: Site = "platform"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")
        self._pages: list[tuple[str, Callable[..., HttpResponse], str]] = []
        self._entries: list[Entry] = []

    def add_page(self, route: str, view: Callable[..., HttpResponse], name: str) -> None:
        """A page that belongs to no model's list, as `admin:<name>`; called when the apps' admin modules are read.

        `admin_view` lets nobody in who may not enter the site; what the role may do is the view's own question.
        """
        self._pages.append((route, view, name))

    def add_entry(self, entry: Entry) -> None:
        """A line of the menu, for those whom it is for."""
        self._entries.append(entry)

    def get_urls(self) -> list[Any]:
        pages = [path(route, self.admin_view(view), name=name) for route, view, name in self._pages]
        own = [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) not in CLOSED]
        return [*pages, *own]

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if self.has_permission(request):
                if "\x00" in unquote(request.META.get("QUERY_STRING", "")):
                    # Django's filters hand what they get to PostgreSQL, which knows no such character.
                    raise SuspiciousOperation
                # Pages that Django renders later are rendered here: their times are told on this clock.
                with timezone.override(self.zone(request)):
                    response = inner(request, *args, **kwargs)
                    return response.render() if isinstance(response, SimpleTemplateResponse) else response
            if not request.user.is_authenticated:
                return self.ask_to_sign_in(request)
            self.note_refusal(request)
            return render(request, "admin/not_staff.html", {"has_permission": False}, status=403)

        return guarded

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The menu, by work: nobody comes for an app, so `app_label` does not matter."""
        if not self.has_permission(request):
            return []
        apps = self._build_app_dict(request)
        models = {model["model"]._meta.label_lower: model for app in apps.values() for model in app["models"]}
        return grouped(request, self.kind, models, self._entries)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """Django's page for one app: the menu has other groups."""
        return HttpResponseRedirect(reverse("admin:index"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waits = lines_for(request, self.kind)
        lines = {"busy": [wait for wait in waits if wait.count], "quiet": [wait for wait in waits if not wait.count]}
        return super().index(request, {**lines, **(extra_context or {})})

    def zone(self, request: HttpRequest) -> ZoneInfo:
        """The clock of the pages."""
        return ZoneInfo(DEFAULT_TIME_ZONE)

    def ask_to_sign_in(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    def note_refusal(self, request: HttpRequest) -> None:
        # Into the public trail: a stranger's try is nothing that the clinic may read about a person.
        clinic = getattr(request, "clinic", None)
        with public_context():
            record(
                "admin.refused",
                resource=("clinic", clinic.pk) if clinic is not None else ("platform_admin", None),
                user=request.user,
                details={"path": request.path[:200]},
            )


class SignInForm(forms.Form):
    login = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PlatformAdminSite(SecondStep, HouseAdminSite):
    """For platform admins, behind a sign-in of its own whose session is worth nothing on other hosts."""

    site_header = _("Precta platform")
    site_title = _("Precta platform")
    index_title = _("The platform")

    @property
    def site_url(self) -> str:  # type: ignore[override]
        return hosts.platform_url("accounts:directory:home")

    def has_permission(self, request: HttpRequest) -> bool:
        return (
            getattr(request, "host_kind", "") == "admin"
            and request.user.is_authenticated
            and request.user.is_platform_admin
            and passed(request)
        )

    def get_urls(self) -> list[Any]:
        return [*self.second_step_urls(), *super().get_urls()]

    def ask_to_sign_in(self, request: HttpRequest) -> HttpResponse:
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
        return HttpResponseRedirect(reverse("admin:login") + "?" + urlencode({"next": back}))

    @method_decorator(never_cache)
    @method_decorator(csrf_protect)
    @method_decorator(sensitive_post_parameters("password"))
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    @method_decorator(limit("admin-login", "60/m", key=lambda request: network_of(client_ip(request))))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.has_permission(request):
            return HttpResponseRedirect(safe_next(request))
        form = SignInForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                user = self._who(request, form.cleaned_data)
            except ValidationError:
                return too_many_requests(request, retry_after=300)
            if user is not None:
                return self.begin_second_step(request, user, safe_next(request))
            form.add_error(None, _("The e-mail or the password is not right."))
        context = {**self.each_context(request), "title": _("Sign in"), "form": form, "next": safe_next(request)}
        return render(request, "admin/sign_in.html", context)

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        end_session(request)
        return HttpResponseRedirect(reverse("admin:login"))

    def _who(self, request: HttpRequest, data: dict[str, str]) -> Any | None:
        """The platform admin with this e-mail and password. Raises ValidationError after too many tries.

        Somebody else's right password gets the same answer as a wrong one.
        """
        user = get_adapter(request).authenticate(request, email=data["login"].lower(), password=data["password"])
        if user is not None and not user.is_platform_admin:
            why = "suspended" if not user.is_active else "role"
            record("sign_in.refused", resource=user, user=user, details={"why": why, "host": "admin"})
            return None
        return user


class ClinicAdminSite(HouseAdminSite):
    """For the staff of the clinic whose host this is; signing in happens on the platform host."""

    kind = "clinic"
    site_title = _("Precta")
    index_title = _("The clinic")
    site_url = "/"

    def zone(self, request: HttpRequest) -> ZoneInfo:
        return request.clinic.policy.tz

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().index(request, {"steps": first_steps(request), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "site_header": request.clinic.name if request.clinic else ""}

    def has_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "host_kind", "") == "clinic" and request_membership(request) is not None

    def ask_to_sign_in(self, request: HttpRequest) -> HttpResponse:
        return sign_in_redirect(request)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # The form of these pages posts to the host's own sign-out, as all pages of a clinic do.
        raise Http404


platform_admin = PlatformAdminSite(name="platform_admin")
clinic_admin = ClinicAdminSite(name="clinic_admin")
