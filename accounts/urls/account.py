"""Signing in and up under /account/, by allauth's own names. What is not listed here is not reachable."""

from allauth.account import views as allauth_views
from allauth.usersessions.views import list_usersessions
from django.urls import path

from accounts.views import account, claim, second_factor

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("signup/", allauth_views.signup, name="account_signup"),
    path("claim/", claim.claim, name="account_claim"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("confirm-email/", account.confirm_email, name="account_email_verification_sent"),
    path("email/", account.change_email, name="account_email"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path("password/reset/confirm/", account.confirm_reset_code, name="account_confirm_password_reset_code"),
    path("password/reset/complete/", account.complete_reset, name="account_complete_password_reset"),
    path("password/reset/done/", allauth_views.password_reset_from_key_done, name="account_password_reset_completed"),
    path("sessions/", list_usersessions, name="usersessions_list"),
    # The second factor
    path("second-factor/", second_factor.index, name="mfa_index"),
    path("second-factor/sign-in/", second_factor.sign_in, name="mfa_authenticate"),
    path("second-factor/check/", second_factor.check, name="second_factor_check"),
    path("second-factor/confirm/", second_factor.confirm, name="mfa_reauthenticate"),
    path("second-factor/confirm/passkey/", second_factor.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("second-factor/app/", second_factor.set_up_app, name="mfa_activate_totp"),
    path("second-factor/app/remove/", second_factor.remove_app, name="mfa_deactivate_totp"),
    path("second-factor/passkeys/add/", second_factor.add_passkey, name="mfa_add_webauthn"),
    path("second-factor/passkeys/<int:pk>/remove/", second_factor.remove_passkey, name="mfa_remove_webauthn"),
    path("second-factor/codes/", second_factor.codes, name="mfa_view_recovery_codes"),
    path("second-factor/codes/download/", second_factor.download_codes, name="mfa_download_recovery_codes"),
    path("second-factor/codes/new/", second_factor.new_codes, name="mfa_generate_recovery_codes"),
]
