"""The doors to the workspace."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import Doctor
from appointments.policies import workspace_doctor
from precta.access import login_required


def workspace(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hands the view its doctor. A stranger signs in first; whoever is no doctor of this clinic gets 403."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        doctor = workspace_doctor(request.user, request.clinic)  # type: ignore[attr-defined]
        if doctor is None:
            raise PermissionDenied
        return view(request, doctor, *args, **kwargs)

    return guarded


def patients_workspace(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The same for what shows patients as such: 403 for a doctor who is not verified now."""

    @workspace
    @wraps(view)
    def guarded(request: HttpRequest, doctor: Doctor, *args: Any, **kwargs: Any) -> HttpResponse:
        if not doctor.is_verified:
            raise PermissionDenied
        return view(request, doctor, *args, **kwargs)

    return guarded
