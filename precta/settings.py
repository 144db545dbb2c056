"""Settings. Secrets and the addresses of outside services come from the environment (see docs/operations.md)."""

from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DEVSTACK = env.bool("DEVSTACK", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])


def _needed(name: str, *, when: bool = True) -> str:
    """The variable's value; outside debug and devstack nothing starts without it where it is needed."""
    value = env.str(name, default="")
    if when and not value and not (DEBUG or DEVSTACK):
        raise ImproperlyConfigured(f"Set the {name} environment variable")
    return value


# Hosts. TenancyMiddleware answers 404 to every host that is not the platform's, the admin's or a clinic's, before
# any view sees it; Django's own list would answer 400 and cannot know the clinics.
PLATFORM_HOST = env.str("PLATFORM_HOST", default="precta.localhost")
PUBLIC_SCHEME = env.str("PUBLIC_SCHEME", default="http" if DEBUG or DEVSTACK else "https")
PUBLIC_PORT = env.int("PUBLIC_PORT", default=0) or None
ALLOWED_HOSTS = ["*"]

# Applications and tenancy
SHARED_APPS = [
    # Before django_tenants, whose admin templates carry an inline <style> that the CSP refuses.
    "django.contrib.admin",
    "django_tenants",
    "clinics",
    "accounts",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "precta.staticfiles.Collected",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_cotton",
    "django_htmx",
    "phonenumber_field",
    "django.forms",
    "lucide",
    "precta.audit",
    "precta.outbox",
    "precta.files",
    "precta.notifications",
    "content",
    "precta",
]
TENANT_APPS = [
    "django.contrib.admin",
    "precta.audit",
    "precta.outbox",
    "precta.files",
    "precta.payments",
    "appointments",
    "pharmacy",
]
if DEVSTACK:
    SHARED_APPS.append("precta.devstack")
INSTALLED_APPS = SHARED_APPS + [app for app in TENANT_APPS if app not in SHARED_APPS]
TENANT_MODEL = "clinics.Clinic"
TENANT_DOMAIN_MODEL = "clinics.Domain"
TENANT_LIMIT_SET_CALLS = True
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
PUBLIC_SCHEMA_URLCONF = "precta.urls.platform"
ROOT_URLCONF = "precta.urls.platform"
WSGI_APPLICATION = "precta.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Weak networks pay for every byte. CSRF tokens are masked anew for each page, so compressing them tells nothing.
    "compression_middleware.middleware.CompressionMiddleware",
    # Above whatever answers by itself: the pages for unknown hosts and for suspended people need their headers too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "precta.tenancy.TenancyMiddleware",
    "precta.sessions.HostSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "precta.views.errors.SoundRequests",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "precta.audit.middleware.AuditContextMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "precta.access.PersonalPagesMiddleware",
    "precta.views.errors.MethodNotAllowedPage",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "precta.context.site",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "precta.templatetags.precta_tags",
                "precta.templatetags.look",
            ],
        },
    }
]
FORM_RENDERER = "precta.forms.PrectaRenderer"

# Database. One connection a worker thread: psycopg's pool and CONN_MAX_AGE exclude each other, and django-tenants'
# search_path belongs to a session, so no transaction pooling either.
DATABASES = {"default": env.db("DATABASE_URL", engine="django_tenants.postgresql_backend")}
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False

# Cache and queue
REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "precta.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        "KEY_FUNCTION": "precta.tenancy.cache_key",
        "KEY_PREFIX": "precta",
    }
}
# Celery spells a socket and its database another way than redis-py does.
CELERY_BROKER_URL = env.str(
    "CELERY_BROKER_URL",
    default=REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host="),
)
CELERY_RESULT_BACKEND = None
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A publish must not hang a request while the broker is down: the sweep picks the event up later.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_max": 0.1,
}
# Seconds for what comes often, the clock (UTC) for what comes rarely: a beat that is started anew counts seconds
# from its start, and one that is started often would never come to those.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep-outbox": {"task": "precta.outbox.tasks.sweep", "schedule": 60},
    "sweep-deliveries": {"task": "precta.notifications.tasks.sweep", "schedule": 60},
    "reconcile-payments": {"task": "precta.payments.tasks.reconcile_all", "schedule": 60},
    "sweep-refunds": {"task": "precta.payments.tasks.sweep_refunds_all", "schedule": 60},
    "sweep-applications": {"task": "clinics.tasks.sweep_applications", "schedule": 60},
    "flush-views": {"task": "content.tasks.flush_views", "schedule": 60},
    "expire-holds": {"task": "appointments.tasks.expire_holds_all", "schedule": 30},
    "expire-orders": {"task": "pharmacy.tasks.expire_orders_all", "schedule": 30},
    "refresh-projections": {"task": "appointments.tasks.refresh_projections_all", "schedule": 300},
    "remind-patients": {"task": "appointments.tasks.remind_all", "schedule": 600},
    "preview-records": {"task": "appointments.tasks.preview_missing_all", "schedule": 600},
    "refund-suspended": {"task": "appointments.tasks.refund_suspended_all", "schedule": 600},
    "refund-suspended-orders": {"task": "pharmacy.tasks.refund_suspended_orders_all", "schedule": 600},
    "invite-reviews": {"task": "content.review_invitations.invite_all", "schedule": crontab(minute="5,35")},
    "close-left-open": {"task": "appointments.tasks.close_left_open_all", "schedule": crontab(minute="10,40")},
    # Hourly, because each clinic's day ends at its own hour; a second run finds nothing.
    "set-aside-expired": {"task": "pharmacy.tasks.set_aside_expired_all", "schedule": crontab(minute=1)},
    "warn-of-low-stock": {"task": "pharmacy.tasks.warn_of_low_stock_all", "schedule": crontab(minute=17)},
    "watch-licences": {"task": "accounts.tasks.watch_licences", "schedule": crontab(minute=20)},
    "purge-records": {"task": "appointments.tasks.purge_records_all", "schedule": crontab(minute=25)},
    "clear-sessions": {"task": "accounts.tasks.clear_sessions", "schedule": crontab(minute=50, hour="*/6")},
    # At night in Nairobi.
    "keep-figures": {"task": "appointments.tasks.keep_recent_figures_all", "schedule": crontab(minute=35, hour=22)},
    "sweep-files": {"task": "precta.files.tasks.sweep_orphans_all", "schedule": crontab(minute=35, hour=23)},
}
_RARE = {"clear-sessions", "keep-figures", "sweep-files"}
for _name, _job in CELERY_BEAT_SCHEDULE.items():
    # Until the next beat has taken its place.
    _often = _job["schedule"] if isinstance(_job["schedule"], int) else 1800
    _job["options"] = {"expires": 6 * 3600 if _name in _RARE else _often}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "accounts.forms.account.SignUpForm",
    "login": "accounts.forms.account.SignInForm",
    "reset_password": "accounts.forms.account.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.account.NewPasswordForm",
    "change_password": "accounts.forms.account.ChangePasswordForm",
    "set_password": "accounts.forms.account.SetPasswordForm",
    "add_email": "accounts.forms.account.ChangeEmailForm",
    "reauthenticate": "accounts.forms.account.ReauthenticateForm",
    "confirm_email_verification_code": "accounts.forms.account.ConfirmEmailForm",
    "confirm_password_reset_code": "accounts.forms.account.ConfirmResetForm",
}
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Six digits that a person reads on the phone in one hand; five tries within ten minutes make a guess 1 in 200,000.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = 3
ACCOUNT_PASSWORD_RESET_BY_CODE_CODE_FORMAT = {"length": 8}
ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 10 * 60
# A carrier's NAT puts thousands of people behind one address, so what is counted by network is generous and what is
# counted by account is tight.
RATE_LIMITS = env.bool("RATE_LIMITS", default=True)
ACCOUNT_RATE_LIMITS = (
    {
        "login": "300/m/ip",
        # One network gets less in an hour than all of them together: it cannot use up the whole of somebody's tries.
        "login_failed": "100/5m/ip,5/5m/key,30/h/key",
        "login_failed_anywhere": "50/h/key",
        "signup": "60/m/ip",
        "reset_password": "60/m/ip,3/m/key,10/h/key",
        "reset_password_from_key": "100/m/ip",
        "confirm_email": "1/10s/key,10/h/key",
        "change_password": "5/m/user",
        "manage_email": "10/m/user",
        "reauthenticate": "10/m/user",
    }
    if RATE_LIMITS
    else False
)
USERSESSIONS_TRACK_ACTIVITY = False

# The second factor (precta.second_factor)
SECOND_FACTOR_POLICY = "accounts.policies.needs_second_factor"
MFA_ADAPTER = "precta.second_factor.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "precta.second_factor.forms.CodeForm",
    "reauthenticate": "precta.second_factor.forms.CodeAgainForm",
    "authenticate_webauthn": "precta.second_factor.forms.PasskeyForm",
    "reauthenticate_webauthn": "precta.second_factor.forms.PasskeyAgainForm",
    "add_webauthn": "precta.second_factor.forms.AddPasskeyForm",
}
# Nobody signs in without a confirmed address, and a change of it that waits for its code must not keep anybody out.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Clocks of phones go wrong by half a minute; each code still counts once (precta.second_factor.codes).
MFA_TOTP_TOLERANCE = 1

# Cookies: one login for the platform and all clinics; the admin host keeps its own (precta.sessions).
_secure = PUBLIC_SCHEME == "https"
SESSION_COOKIE_NAME = "precta_session"
SESSION_COOKIE_DOMAIN = f".{PLATFORM_HOST}"
SESSION_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
ADMIN_SESSION_COOKIE_NAME = "precta_admin"
ADMIN_SESSION_COOKIE_AGE = 8 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CSRF_COOKIE_NAME = "precta_csrf"
CSRF_COOKIE_DOMAIN = f".{PLATFORM_HOST}"
CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_HTTPONLY = True
_port = f":{PUBLIC_PORT}" if PUBLIC_PORT else ""
CSRF_TRUSTED_ORIGINS = [
    f"{PUBLIC_SCHEME}://{PLATFORM_HOST}{_port}",
    f"{PUBLIC_SCHEME}://*.{PLATFORM_HOST}{_port}",
]
CSRF_FAILURE_VIEW = "precta.views.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "precta_language"
LANGUAGE_COOKIE_DOMAIN = f".{PLATFORM_HOST}"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = _secure
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

SECURE_SSL_REDIRECT = _secure
# Load balancers ask these over plain HTTP and take a redirect for an illness.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# Only behind a proxy that overwrites these headers; TRUSTED_PROXIES is how many of our own stand in a row.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
from precta.security import (  # noqa: E402
    PAYSTACK_CHECKOUT,
    PERMISSIONS_POLICY,  # noqa: F401
    content_security_policy,
    hundredms_pages,
)

# Numbers of requests beyond these make a 413/400 rather than a slow worker. Files are counted apart, by the handler.
# A megabyte of text, each byte of it percent-encoded, still reaches its form, which says that it is too long.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4_194_304
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = ["precta.files.uploads.MemoryUploadHandler"]

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["precta.formats"]
PHONENUMBER_DEFAULT_REGION = "KE"
PHONENUMBER_DB_FORMAT = "E164"

# Files
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
MEDIA_URL = "/media/"
# Private files are encrypted before they get here; pictures are for everybody (see precta.files).
FILES_KEY = _needed("FILES_KEY")
CLAMD_URL = env.str("CLAMD_URL", default="")
FILES_BACKEND = env.str("FILES_BACKEND", default="")
_files_options = env.json("FILES_OPTIONS", default={})


def _files(
    folder: str, on_disk: str = "django.core.files.storage.FileSystemStorage", **more: object
) -> dict[str, object]:
    """One store: a folder of MEDIA_ROOT, or one of the bucket that FILES_BACKEND and FILES_OPTIONS name."""
    if FILES_BACKEND:
        return {"BACKEND": FILES_BACKEND, "OPTIONS": {"location": folder, **_files_options}}
    return {"BACKEND": on_disk, "OPTIONS": {"location": str(MEDIA_ROOT / folder), **more}}


STORAGES = {
    "default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"},
    "private": _files(
        "private", "precta.files.whole.WholeFiles", file_permissions_mode=0o600, directory_permissions_mode=0o700
    ),
    "pictures": _files("pictures"),
    "staticfiles": {
        "BACKEND": env.str(
            "STATICFILES_BACKEND",
            default="precta.staticfiles.HashedModules",
        )
    },
}

# Post
_needed("EMAIL_URL")
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
if DEVSTACK and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "precta.devstack.mail.OutboxBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Precta <no-reply@{PLATFORM_HOST}>")

# Short messages by Africa's Talking (see docs/operations.md)
_AFRICASTALKING = "precta.sms.africas_talking.send"
SMS_BACKEND = env.str(
    "SMS_BACKEND",
    default="precta.devstack.mail.keep_sms"
    if DEVSTACK and not env.str("AFRICASTALKING_API_KEY", default="")
    else _AFRICASTALKING,
)
AFRICASTALKING_USERNAME = _needed("AFRICASTALKING_USERNAME", when=SMS_BACKEND == _AFRICASTALKING)
AFRICASTALKING_API_KEY = _needed("AFRICASTALKING_API_KEY", when=SMS_BACKEND == _AFRICASTALKING)
AFRICASTALKING_SENDER = env.str("AFRICASTALKING_SENDER", default="")
AFRICASTALKING_BASE_URL = env.str(
    "AFRICASTALKING_BASE_URL",
    default="https://api.sandbox.africastalking.com"
    if AFRICASTALKING_USERNAME == "sandbox"
    else "https://api.africastalking.com",
)

# Paystack (see docs/operations.md)
PAYSTACK_BASE_URL = env.str("PAYSTACK_BASE_URL", default="https://api.paystack.co")
PAYSTACK_SECRET_KEY = _needed("PAYSTACK_SECRET_KEY")
PAYSTACK_MPESA_PROVIDER = env.str("PAYSTACK_MPESA_PROVIDER", default="mpesa")

# The room of video visits (see docs/operations.md): our own, or 100ms
VIDEO_PROVIDER = env.str("VIDEO_PROVIDER", default="builtin")
if VIDEO_PROVIDER not in {"builtin", "hundredms"}:
    raise ImproperlyConfigured("VIDEO_PROVIDER: builtin or hundredms.")
ROOM_ICE_SERVERS = env.json("ROOM_ICE_SERVERS", default=[])
ROOM_TURN_SECRET = env.str("ROOM_TURN_SECRET", default="")
HUNDREDMS_BASE_URL = env.str("HUNDREDMS_BASE_URL", default="https://api.100ms.live")
HUNDREDMS_ACCESS_KEY = _needed("HUNDREDMS_ACCESS_KEY", when=VIDEO_PROVIDER == "hundredms")
HUNDREDMS_SECRET = _needed("HUNDREDMS_SECRET", when=VIDEO_PROVIDER == "hundredms")
HUNDREDMS_TEMPLATE_ID = _needed("HUNDREDMS_TEMPLATE_ID", when=VIDEO_PROVIDER == "hundredms")
HUNDREDMS_SUBDOMAIN = _needed("HUNDREDMS_SUBDOMAIN", when=VIDEO_PROVIDER == "hundredms")
HUNDREDMS_WEBHOOK_SECRET = env.str("HUNDREDMS_WEBHOOK_SECRET", default="")

CONTENT_SECURITY_POLICY = content_security_policy(
    form_targets=[
        f"{PUBLIC_SCHEME}://{PLATFORM_HOST}{_port}",
        f"{PUBLIC_SCHEME}://*.{PLATFORM_HOST}{_port}",
        *PAYSTACK_CHECKOUT,
        *([PAYSTACK_BASE_URL] if DEVSTACK else []),
        # The form that opens the provider's room ends at its page.
        *([hundredms_pages(HUNDREDMS_SUBDOMAIN)] if VIDEO_PROVIDER == "hundredms" else []),
    ]
)
PAYSTACK_DOMAIN = env.str("PAYSTACK_DOMAIN", default="test" if DEBUG or DEVSTACK else "live")

from precta.logs import LOGGING  # noqa: E402, F401
