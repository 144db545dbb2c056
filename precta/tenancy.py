"""Which clinic a request, a task or a cache key belongs to.

The host picks the schema and the URLconf. Only context managers switch schema: an exception can then never leave a
clinic's schema active on a connection that the next request reuses.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from celery import Task
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import set_urlconf
from django_tenants.utils import (
    get_public_schema_name,
    get_tenant_domain_model,
    get_tenant_model,
    schema_context,
    tenant_context,
)

from precta import hosts

BARE_HOSTS = {"localhost", "127.0.0.1", "[::1]", "::1"}


class NoSchemaError(RuntimeError):
    """A clinic's task arrived without the clinic's schema."""


def clinic_context(clinic: Any) -> AbstractContextManager[Any]:
    """Run the block in the schema of `clinic` (a Clinic)."""
    return tenant_context(clinic)


def public_context() -> AbstractContextManager[Any]:
    """Run the block in the public schema."""
    return schema_context(get_public_schema_name())


def current_clinic() -> Any | None:
    """The Clinic whose schema is active, or None in the public schema."""
    tenant = connection.tenant
    return tenant if getattr(tenant, "pk", None) else None


def current_schema() -> str:
    return connection.schema_name


# Of the whole portal, whichever clinic's host was asked: nothing of a clinic's own may be kept under such a key.
PORTAL_WIDE = "portal:"


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION: no clinic can read another clinic's entry under the same key, but for `PORTAL_WIDE`."""
    schema = get_public_schema_name() if key.startswith(PORTAL_WIDE) else connection.schema_name
    return f"{schema}:{key_prefix}:{version}:{key}"


def _clinic_at(host: str) -> Any | None:
    """The clinic that answers on `host`, or None."""
    clinics, domains = get_tenant_model(), get_tenant_domain_model()
    # As SQL because every request of a clinic asks it: the ORM writes this sentence in twice the time it takes to run.
    asked = (
        f"SELECT clinic.* FROM {clinics._meta.db_table} clinic"  # noqa: S608 - names of tables
        f" JOIN {domains._meta.db_table} host ON host.tenant_id = clinic.id WHERE host.domain = %s"
    )
    with public_context():
        return next(iter(clinics.objects.raw(asked, [host])), None)


class TenancyMiddleware:
    """Sets `request.host_kind`, `request.clinic`, `request.tenant`, `request.urlconf` and the schema.

    An unknown host gets a 404 page, a suspended clinic one that leads to the other clinics; bare localhost is
    sent to the platform host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            host = request.get_host().lower()
        except DisallowedHost:
            host = ""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name in BARE_HOSTS:
            return HttpResponsePermanentRedirect(hosts.origin(settings.PLATFORM_HOST) + request.get_full_path())
        request.clinic = None  # type: ignore[attr-defined]
        if name == settings.PLATFORM_HOST:
            return self._respond(request, "platform")
        if name == hosts.admin_host():
            return self._respond(request, "admin")
        clinic = _clinic_at(name)
        if clinic is None:
            return self._refuse(request, "unknown_host.html", 404)
        request.clinic = clinic  # type: ignore[attr-defined]
        if not clinic.is_open:
            return self._refuse(request, "clinic_suspended.html", 404)
        with clinic_context(clinic):
            return self._respond(request, "clinic")

    def _respond(self, request: HttpRequest, kind: str) -> HttpResponse:
        request.host_kind = kind  # type: ignore[attr-defined]
        request.tenant = connection.tenant  # type: ignore[attr-defined]
        request.urlconf = hosts.URLCONFS[kind]  # type: ignore[attr-defined]
        set_urlconf(request.urlconf)  # type: ignore[attr-defined]
        if kind == "admin" and request.headers.get("Origin", own := hosts.origin(hosts.admin_host())) != own:
            # Cookies and the token are shared with the clinics' hosts, and so is the site that SameSite means: nothing
            # but its own pages may send a form to the platform's admin.
            return self._refuse_here(request, "403_csrf.html", 403)
        if "\x00" in request.path_info:
            # No id and no name has one, and PostgreSQL refuses it where a view would ask for it.
            return self._refuse_here(request, "404.html", 404)
        return self.get_response(request)

    def _refuse_here(self, request: HttpRequest, template: str, status: int) -> HttpResponse:
        from precta.views.errors import refuse

        return refuse(request, template, status)

    def _refuse(self, request: HttpRequest, template: str, status: int) -> HttpResponse:
        from precta.views.errors import refuse

        request.host_kind = "platform"  # type: ignore[attr-defined]
        request.tenant = connection.tenant  # type: ignore[attr-defined]
        request.urlconf = hosts.URLCONFS["platform"]  # type: ignore[attr-defined]
        set_urlconf(request.urlconf)  # type: ignore[attr-defined]
        return refuse(request, template, status)


class TenantTask(Task):
    """Base of every Celery task: the schema travels in a header and is entered before the body runs.

    A task that was queued without one (by hand, by an old client) is refused rather than run in `public`.
    """

    abstract = True
    header = "precta_schema"

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        headers = dict(options.pop("headers", None) or {})
        headers.setdefault(self.header, connection.schema_name)
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        schema = self._schema()
        if schema == get_public_schema_name():
            with public_context():
                return super().__call__(*args, **kwargs)
        with public_context():
            clinic = get_tenant_model().objects.filter(schema_name=schema).first()
        if clinic is None:
            raise NoSchemaError(f"{self.name}: no clinic has the schema {schema!r}")
        with clinic_context(clinic):
            return super().__call__(*args, **kwargs)

    def _schema(self) -> str:
        request = self.request
        if request.called_directly:
            return connection.schema_name
        schema = (request.headers or {}).get(self.header) or getattr(request, self.header, None)
        if not schema:
            raise NoSchemaError(f"{self.name} was queued without a schema")
        return schema
