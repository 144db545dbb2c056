"""Language and theme: chosen by a form in every page's foot, remembered in a cookie on all hosts of the portal.

These two take no CSRF token: the forms stand on every public page, which would then have to set a cookie for everybody
who merely reads. Nothing but a preference changes, and another site's form arrives without the session (SameSite=Lax).
"""

from datetime import timedelta

from django.conf import settings
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import check_for_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from precta.hosts import is_own_url

THEMES = ("light", "dark")
THEME_COOKIE = "precta_theme"
KEEP = int(timedelta(days=365).total_seconds())

# Sent with `request` and `language` so that accounts can keep the choice in the signed-in person's profile.
language_chosen = Signal()


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """Back to where the form stood, never out of the portal."""
    target = request.POST.get("next", "")
    return HttpResponseRedirect(target if is_own_url(target) else "/")


def _remember(response: HttpResponse, request: HttpRequest, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=KEEP,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def remember_language(response: HttpResponse, request: HttpRequest, language: str) -> None:
    """Show the portal in `language` from the next page on."""
    _remember(response, request, settings.LANGUAGE_COOKIE_NAME, language)


@csrf_exempt
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Show the portal in `language`; an unknown one changes nothing."""
    response = _back(request)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        remember_language(response, request, language)
        language_chosen.send(sender=set_language, request=request, language=language)
    return response


@csrf_exempt
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Show the portal light or dark; anything else goes back to what the device wishes."""
    response = _back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        _remember(response, request, THEME_COOKIE, theme)
    else:
        response.delete_cookie(THEME_COOKIE, domain=settings.LANGUAGE_COOKIE_DOMAIN, samesite="Lax")
    return response
