"""The one door to the workspace."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

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
