"""Who may open what: one line for every address of the three hosts.

A rule names who is let in by GET and by POST. Everybody else must get what `others` says, a stranger `stranger`.
"Let in" is any answer of the page itself: 200, a redirect that does not lead to a sign-in, a form's 400, a 409.
"""

from dataclasses import dataclass, field

IN, SIGN_IN, FORBIDDEN, MISSING, WRONG_METHOD = "in", "sign in", "403", "404", "405"
# Everybody knocks in a session that has passed the second factor; what happens without it: test_second_factor.py.
FACTOR = "second factor"
# For a method that a page does not have: how it is refused may differ from person to person, that it is may not.
REFUSED = frozenset({SIGN_IN, FORBIDDEN, MISSING, WRONG_METHOD})

STRANGER = "stranger"
PATIENTS = frozenset({"patient", "other_patient"})
RUN_IT = frozenset({"owner", "manager"})
SEE_PATIENTS = RUN_IT | {"front_desk"}
STAFF = SEE_PATIENTS | {"pharmacist"}
# People who work at a clinic have accounts like everybody else, of the role patient.
ACCOUNTS = PATIENTS | STAFF | {"other_staff"}
DOCTORS = frozenset({"doctor", "other_doctor"})
SIGNED_IN = ACCOUNTS | DOCTORS | {"admin"}
PEOPLE = (STRANGER, *sorted(SIGNED_IN))


@dataclass(frozen=True)
class Method:
    """`who` is let in; None: nobody, the page does not have this method."""

    who: frozenset[str] | None
    others: str = FORBIDDEN
    stranger: str = SIGN_IN
    # Who gets 404 instead, because for them there is no such thing.
    missing: frozenset[str] = frozenset()

    def expected(self, person: str) -> frozenset[str]:
        if self.who is None:
            return REFUSED
        if person in self.who:
            return frozenset({IN})
        if person in self.missing:
            return frozenset({MISSING})
        return frozenset({self.stranger if person == STRANGER else self.others})


NO = Method(None)
ANYBODY = Method(SIGNED_IN | {STRANGER})
WHOEVER_SIGNED_IN = Method(SIGNED_IN)
NOBODY_FINDS_IT = Method(frozenset(), others=MISSING, stranger=MISSING)


@dataclass(frozen=True)
class Rule:
    get: Method
    post: Method
    # Instead of the sample's own objects, for parameters whose names do not say what they are.
    values: dict[str, str] = field(default_factory=dict)


def only(*who: str, others: str = FORBIDDEN, stranger: str = SIGN_IN, missing: frozenset[str] = frozenset()) -> Method:
    return Method(frozenset(who), others, stranger, missing)


def both(method: Method) -> Rule:
    return Rule(method, method)


LOOK = Rule(ANYBODY, NO)
# Somebody else's visit is not there, whoever asks.
MY_VISIT = only("patient", others=MISSING)
# Nobody of the sample has set one up: there is nothing to remove or to see.
NO_FACTOR = Method(frozenset(), others=MISSING)
WITHOUT_PROFILE = STAFF | {"other_staff"}
FAMILY = only(*PATIENTS, missing=WITHOUT_PROFILE)
MY_CHILD = only("patient", missing=WITHOUT_PROFILE | {"other_patient"})

APPLICANTS = only(*SIGNED_IN - {"admin"})
# Somebody else's application is not there.
MY_APPLICATION = only("patient", missing=SIGNED_IN - {"admin", "patient"})

ON_EVERY_HOST = {
    "healthz": LOOK,
    "readyz": LOOK,
    "set-language": Rule(NO, ANYBODY),
    "set-theme": Rule(NO, ANYBODY),
    "public-image": Rule(NOBODY_FINDS_IT, NO, {"name": "doctors/nothing-here.webp"}),
}

PLATFORM = {
    **ON_EVERY_HOST,
    # Finding
    "accounts:directory:home": LOOK,
    "accounts:directory:doctors": LOOK,
    "accounts:directory:doctor": LOOK,
    "accounts:directory:clinics": LOOK,
    "accounts:directory:robots": LOOK,
    "accounts:directory:sitemap": LOOK,
    # Reading
    "content:public:articles": LOOK,
    "content:public:article": LOOK,
    "content:public:author": LOOK,
    "content:public:feed": LOOK,
    "content:reviews:list": LOOK,
    "content:reviews:report": both(WHOEVER_SIGNED_IN),
    "pages:privacy": LOOK,
    "pages:terms": LOOK,
    "pages:help": LOOK,
    # A clinic joins: who decides about applications makes none
    "clinics:join:landing": LOOK,
    "clinics:join:write": both(APPLICANTS),
    "clinics:join:address": Rule(APPLICANTS, NO),
    "clinics:join:status": Rule(MY_APPLICATION, NO),
    "clinics:join:send": Rule(NO, MY_APPLICATION),
    "clinics:join:progress": Rule(MY_APPLICATION, NO),
    "clinics:join:licence": Rule(MY_APPLICATION, NO),
    # Accounts
    "account_login": both(ANYBODY),
    "account_logout": both(ANYBODY),
    "account_signup": both(ANYBODY),
    "account_claim": both(ANYBODY),
    "account_inactive": LOOK,
    "account_email_verification_sent": both(ANYBODY),
    "account_email": both(WHOEVER_SIGNED_IN),
    "account_reauthenticate": both(WHOEVER_SIGNED_IN),
    "account_change_password": both(WHOEVER_SIGNED_IN),
    "account_set_password": both(WHOEVER_SIGNED_IN),
    "account_reset_password": both(ANYBODY),
    "account_confirm_password_reset_code": both(ANYBODY),
    "account_complete_password_reset": both(ANYBODY),
    "account_password_reset_completed": LOOK,
    "usersessions_list": both(WHOEVER_SIGNED_IN),
    "mfa_index": both(WHOEVER_SIGNED_IN),
    # The second step of a sign-in: who is signed in has nothing to do there, and anybody else is led to the first.
    "mfa_authenticate": both(ANYBODY),
    "second_factor_check": both(WHOEVER_SIGNED_IN),
    "mfa_reauthenticate": both(WHOEVER_SIGNED_IN),
    "mfa_reauthenticate_webauthn": both(WHOEVER_SIGNED_IN),
    "mfa_activate_totp": both(WHOEVER_SIGNED_IN),
    "mfa_deactivate_totp": both(NO_FACTOR),
    "mfa_add_webauthn": both(WHOEVER_SIGNED_IN),
    "mfa_remove_webauthn": Rule(NO_FACTOR, NO_FACTOR, {"pk": "1"}),
    "mfa_view_recovery_codes": Rule(NO_FACTOR, NO),
    "mfa_download_recovery_codes": Rule(NO_FACTOR, NO),
    "mfa_generate_recovery_codes": both(WHOEVER_SIGNED_IN),
    # A patient's own
    "accounts:me:profile": Rule(WHOEVER_SIGNED_IN, only(*PATIENTS)),
    "accounts:me:consents": Rule(only(*ACCOUNTS), NO),
    "accounts:me:consent-withdraw": both(only("patient", missing=ACCOUNTS - {"patient"})),
    "accounts:me:family": Rule(FAMILY, NO),
    "accounts:me:child-add": both(FAMILY),
    "accounts:me:child": both(MY_CHILD),
    "accounts:me:child-stop": both(MY_CHILD),
    "appointments:me:home": Rule(WHOEVER_SIGNED_IN, NO),
    "appointments:me:appointments": Rule(only(*ACCOUNTS), NO),
    "appointments:me:timeline": Rule(only(*ACCOUNTS), NO),
    "appointments:me:records": Rule(only(*ACCOUNTS), NO),
    "appointments:me:record-file": Rule(only("patient", missing=ACCOUNTS), NO),
    "pharmacy:me:prescriptions": Rule(only(*ACCOUNTS), NO),
    "content:me:reviews": Rule(only(*ACCOUNTS), NO),
    "pharmacy:me:pdf": Rule(only("patient", missing=ACCOUNTS - {"patient"}), NO),
    "pharmacy:me-orders:orders": Rule(only(*ACCOUNTS), NO),
    # Whoever holds the paper
    "pharmacy:check": both(ANYBODY),
    "pharmacy:verify": LOOK,
    "notifications:inbox": Rule(WHOEVER_SIGNED_IN, NO),
    "notifications:read-all": Rule(NO, WHOEVER_SIGNED_IN),
    "notifications:read": Rule(NO, only("patient", others=MISSING)),
    # An invitation to a clinic's staff: whoever has the link, and signed in only the invited person
    "accounts:invitation:show": Rule(only("other_patient", STRANGER), NO),
    "accounts:invitation:decline": Rule(NO, only("other_patient", STRANGER)),
    # By GET they lead back to the invitation.
    "accounts:invitation:accept": Rule(ANYBODY, only("other_patient")),
    "accounts:invitation:code": Rule(ANYBODY, only(missing=SIGNED_IN)),
    # The provider signs its events; a person's post is a forgery.
    "payments:paystack-webhook": Rule(NO, Method(frozenset(), others=FORBIDDEN, stranger=FORBIDDEN)),
    # So does the one of video rooms, by our secret.
    "appointments:video:hundredms-webhook": Rule(NO, Method(frozenset(), others=FORBIDDEN, stranger=FORBIDDEN)),
    # Joining as a doctor. Whoever has not begun is led to the first page, a paper is its owner's alone.
    "accounts:join-doctor:home": LOOK,
    "accounts:join-doctor:start": Rule(NO, Method(SIGNED_IN - {"admin"})),
    "accounts:join-doctor:about": both(WHOEVER_SIGNED_IN),
    "accounts:join-doctor:practice": both(WHOEVER_SIGNED_IN),
    "accounts:join-doctor:visits": both(WHOEVER_SIGNED_IN),
    "accounts:join-doctor:clinic": both(WHOEVER_SIGNED_IN),
    "accounts:join-doctor:papers": Rule(WHOEVER_SIGNED_IN, NO),
    "accounts:join-doctor:paper-add": both(WHOEVER_SIGNED_IN),
    "accounts:join-doctor:paper": both(only("doctor", others=MISSING)),
    "accounts:join-doctor:paper-file": Rule(only("doctor", others=MISSING), NO),
    "accounts:join-doctor:paper-remove": both(only("doctor", others=MISSING)),
    "accounts:join-doctor:submit": both(WHOEVER_SIGNED_IN),
    # With the devstack only
    "devstack:outbox": LOOK,
    "devstack:authenticator": LOOK,
    "devstack:message": Rule(NOBODY_FINDS_IT, NO, {"name": "20261124T080000000000-nosuchletter"}),
    "styleguide": both(ANYBODY),
    "styleguide-page": Rule(ANYBODY, ANYBODY, {"page": "404"}),
}

DOCTORS_OWN_VISIT = only("doctor")
READS_PRESCRIPTIONS = only("patient", "doctor", "owner", "pharmacist", others=MISSING)
IN_THE_ROOM = only("patient", "doctor", others=MISSING)
DOCTOR_IN_THE_ROOM = only("doctor", missing=SIGNED_IN - {"doctor", "patient"})

CLINIC = {
    **ON_EVERY_HOST,
    "accounts:clinic:home": LOOK,
    "accounts:clinic:doctors": LOOK,
    "accounts:clinic:doctor": LOOK,
    "accounts:clinic:robots": LOOK,
    "account_logout": both(ANYBODY),
    # A patient's visits
    "appointments:patient:book": Rule(ANYBODY, only(*PATIENTS)),
    "appointments:patient:list": Rule(only(*ACCOUNTS), NO),
    "appointments:patient:detail": Rule(MY_VISIT, NO),
    "appointments:patient:cancel": both(MY_VISIT),
    "appointments:patient:reschedule": both(MY_VISIT),
    "appointments:patient:calendar": Rule(MY_VISIT, NO),
    "appointments:patient:receipt": Rule(MY_VISIT, NO),
    "appointments:patient:pay": both(MY_VISIT),
    "appointments:patient:pay-status": Rule(MY_VISIT, NO),
    "appointments:patient:pay-return": Rule(MY_VISIT, NO),
    # A patient's documents: neither the clinic's staff nor its doctors come in here
    "appointments:records:list": both(only(*ACCOUNTS)),
    "appointments:records:detail": Rule(MY_VISIT, NO),
    "appointments:records:edit": both(MY_VISIT),
    "appointments:records:delete": both(MY_VISIT),
    "appointments:records:restore": Rule(NO, MY_VISIT),
    "appointments:records:hide": Rule(NO, MY_VISIT),
    "appointments:records:show": Rule(NO, MY_VISIT),
    "appointments:records:file": Rule(MY_VISIT, NO),
    "appointments:records:preview": Rule(MY_VISIT, NO),
    "appointments:records:views": Rule(MY_VISIT, NO),
    # A review: of the completed visit's own patient, whoever else asks
    "content:patient:review": both(MY_VISIT),
    "content:patient:review-withdraw": both(MY_VISIT),
    "content:doctor:reviews": Rule(only("doctor"), NO),
    "content:doctor:review-answer": both(only("doctor")),
    # The room of a video visit: of its two people, and of its doctor to begin and to end it
    "appointments:room:room": Rule(IN_THE_ROOM, NO),
    "appointments:room:exchange": Rule(NO, IN_THE_ROOM),
    "appointments:room:join": Rule(NO, IN_THE_ROOM),
    "appointments:room:leave": Rule(NO, IN_THE_ROOM),
    "appointments:room:messages": Rule(NO, IN_THE_ROOM),
    "appointments:room:recording": Rule(NO, IN_THE_ROOM),
    "appointments:room:open": Rule(NO, IN_THE_ROOM),
    "appointments:room:start": Rule(NO, DOCTOR_IN_THE_ROOM),
    "appointments:room:end": both(DOCTOR_IN_THE_ROOM),
    # The workspace: of this clinic's doctor
    "appointments:doctor:today": Rule(only("doctor"), NO),
    "appointments:doctor:calendar": Rule(only("doctor"), NO),
    "appointments:doctor:patients": Rule(only("doctor"), NO),
    "appointments:doctor:patient": Rule(only("doctor"), NO),
    "appointments:doctor:earnings": Rule(only("doctor"), NO),
    "appointments:doctor:earnings-csv": Rule(only("doctor"), NO),
    "appointments:doctor:records": Rule(DOCTORS_OWN_VISIT, NO),
    "appointments:doctor:record-file": Rule(DOCTORS_OWN_VISIT, NO),
    "appointments:doctor:record-preview": Rule(DOCTORS_OWN_VISIT, NO),
    "appointments:doctor:visit": both(DOCTORS_OWN_VISIT),
    "appointments:doctor:start": Rule(NO, DOCTORS_OWN_VISIT),
    "appointments:doctor:addendum": Rule(NO, DOCTORS_OWN_VISIT),
    "appointments:doctor:arrived": Rule(NO, DOCTORS_OWN_VISIT),
    "appointments:doctor:not-arrived": Rule(NO, DOCTORS_OWN_VISIT),
    "appointments:doctor:completed": Rule(NO, DOCTORS_OWN_VISIT),
    "appointments:doctor:no-show": both(DOCTORS_OWN_VISIT),
    "appointments:doctor:cancel": both(DOCTORS_OWN_VISIT),
    "appointments:doctor:availability": both(only("doctor")),
    "appointments:doctor:availability-preview": Rule(NO, only("doctor")),
    "appointments:doctor:availability-save": Rule(NO, only("doctor")),
    "appointments:doctor:availability-undo": Rule(NO, only("doctor")),
    "appointments:doctor:availability-day": both(only("doctor")),
    "appointments:doctor:availability-day_remove": both(only("doctor")),
    "appointments:doctor:availability-add": both(only("doctor")),
    "appointments:doctor:availability-copy": both(only("doctor")),
    "appointments:doctor:availability-edit": both(only("doctor")),
    "appointments:doctor:availability-switch": Rule(NO, only("doctor")),
    "appointments:doctor:availability-remove": both(only("doctor")),
    # A prescription: the patient's side, its doctor, and those who dispense. A sent change gets a 409.
    "pharmacy:patient:detail": both(READS_PRESCRIPTIONS),
    "pharmacy:patient:pdf": Rule(READS_PRESCRIPTIONS, NO),
    # The pharmacy's counter is everybody's, an order the patient's side's
    "pharmacy:orders:counter": LOOK,
    "pharmacy:orders:basket": both(ANYBODY),
    "pharmacy:orders:checkout": both(only(*ACCOUNTS)),
    "pharmacy:orders:fill": both(only("patient", missing=ACCOUNTS - {"patient"})),
    "pharmacy:orders:order": Rule(MY_VISIT, NO),
    "pharmacy:orders:cancel": both(MY_VISIT),
    "pharmacy:orders:receipt": Rule(MY_VISIT, NO),
    "pharmacy:orders:pay": both(MY_VISIT),
    "pharmacy:orders:pay-status": Rule(MY_VISIT, NO),
    "pharmacy:orders:pay-return": Rule(MY_VISIT, NO),
    "pharmacy:doctor:write": both(DOCTORS_OWN_VISIT),
    "pharmacy:doctor:replace": both(DOCTORS_OWN_VISIT),
    "pharmacy:doctor:medicines": Rule(only("doctor"), NO),
    "pharmacy:doctor:templates": Rule(only("doctor"), NO),
    "pharmacy:doctor:template-rename": Rule(NO, only("doctor")),
    "pharmacy:doctor:template-delete": both(only("doctor")),
    "appointments:doctor:time-off": Rule(only("doctor"), NO),
    "appointments:doctor:time-off-add": both(only("doctor")),
    "appointments:doctor:time-off-remove": both(only("doctor")),
}


def admin_model(
    site: str,
    label: str,
    *,
    inside: Method,
    view: Method,
    change: Method = NO,
    add: Method = NO,
    act: Method = NO,
    export: Method | None = None,
) -> dict[str, Rule]:
    """The addresses of one model in an admin site, `inside` which one may be. Nothing is ever deleted there.

    The list takes a POST only where it has bulk actions, from those who may `act`. `export` None: it is not offered.
    The last address only leads on to the form.
    """
    app, model = label.split(".")
    start = f"{site}:{app}_{model}"
    one = {"object_id": label}
    exporting = {f"{start}_export": Rule(export, NO)} if export is not None else {}
    return exporting | {
        f"{start}_changelist": Rule(view, act),
        f"{start}_add": both(add),
        f"{start}_history": Rule(view, view, one),
        f"{start}_delete": Rule(NO, NO, one),
        f"{start}_change": Rule(view, change, one),
        f"{site}:{app}/{model}/<path:object_id>/": Rule(inside, inside, one),
    }


ADMIN_ONLY = only("admin")
ADMIN = {
    **ON_EVERY_HOST,
    "platform_admin:index": both(ADMIN_ONLY),
    "platform_admin:login": both(ANYBODY),
    "platform_admin:logout": Rule(NO, ADMIN_ONLY),
    # Between the password and the session: anybody else is led to the first step.
    "platform_admin:second-factor": both(only(others=SIGN_IN)),
    "platform_admin:second-factor-set-up": both(only(others=SIGN_IN)),
    "platform_admin:second-factor-codes": Rule(ADMIN_ONLY, NO),
    "platform_admin:confirm": both(ADMIN_ONLY),
    "platform_admin:autocomplete": Rule(only(), NO),
    "platform_admin:jsi18n": Rule(ADMIN_ONLY, NO),
    "platform_admin:clinics_clinic_opening": both(ADMIN_ONLY),
    "platform_admin:clinics_clinicapplication_decision": Rule(NO, ADMIN_ONLY),
    "platform_admin:clinics_clinicapplication_licence": Rule(ADMIN_ONLY, NO),
    "platform_admin:clinics_clinicapplication_progress": Rule(ADMIN_ONLY, NO),
    "platform_admin:clinics_clinic_data": both(ADMIN_ONLY),
    # Nobody without an access of their own that is open (tests/clinics/test_emergency.py).
    "platform_admin:clinics_clinic_data_list": Rule(only(), NO, {"kind": "visits"}),
    "platform_admin:app_list": Rule(ADMIN_ONLY, ADMIN_ONLY, {"app_label": "clinics"}),
    "platform_admin:(?P<url>.*)$": Rule(
        only(missing=frozenset({"admin"})), only(missing=frozenset({"admin"})), {"url": "nothing-here"}
    ),
    "platform_admin:accounts_user_access": both(ADMIN_ONLY),
    "platform_admin:accounts_doctor_decision": Rule(NO, ADMIN_ONLY),
    "platform_admin:accounts_doctor_paper": Rule(ADMIN_ONLY, NO),
    "platform_admin:content_article_preview": Rule(NO, ADMIN_ONLY),
    "platform_admin:content_article_versions": Rule(ADMIN_ONLY, NO),
    "platform_admin:content_article_version": Rule(ADMIN_ONLY, ADMIN_ONLY, {"number": "1"}),
    "platform_admin:content_review_decision": Rule(NO, ADMIN_ONLY),
    "platform_admin:content_reviewanswer_decision": Rule(NO, ADMIN_ONLY),
    "platform_admin:content_reviewreport_decision": Rule(NO, ADMIN_ONLY),
    "platform_admin:figures": Rule(ADMIN_ONLY, NO),
    "platform_admin:figures-csv": Rule(ADMIN_ONLY, NO),
}
for label in (
    "clinics.domain",
    "clinics.membership",
    "audit.auditlog",
    "accounts.doctor",
    "accounts.doctorcredential",
    "content.reviewreport",
):
    ADMIN |= admin_model("platform_admin", label, inside=ADMIN_ONLY, view=ADMIN_ONLY, export=ADMIN_ONLY)
for label in (
    *("accounts.user", "clinics.clinic", "clinics.clinicapplication", "clinics.emergencyaccess"),
    *("content.review", "content.reviewanswer"),
):
    ADMIN |= admin_model("platform_admin", label, inside=ADMIN_ONLY, view=ADMIN_ONLY, act=ADMIN_ONLY, export=ADMIN_ONLY)
WRITTEN = dict.fromkeys(("inside", "view", "change", "add", "export"), ADMIN_ONLY)
ADMIN |= admin_model("platform_admin", "content.article", act=ADMIN_ONLY, **WRITTEN)
ADMIN |= admin_model("platform_admin", "content.author", **WRITTEN)

INSIDE = only(*STAFF)
CLINIC |= {
    "clinic_admin:index": both(only(*STAFF)),
    "clinic_admin:figures": Rule(only(*RUN_IT), NO),
    "clinic_admin:figures-csv": Rule(only(*RUN_IT), NO),
    "clinic_admin:staff": Rule(only(*RUN_IT), NO),
    "clinic_admin:staff-invite": both(only(*RUN_IT)),
    "clinic_admin:staff-resend": Rule(NO, only(*RUN_IT)),
    "clinic_admin:staff-revoke": both(only(*RUN_IT)),
    "clinic_admin:staff-role": both(only(*RUN_IT)),
    "clinic_admin:staff-access": both(only(*RUN_IT)),
    "clinic_admin:staff-hand-over": both(only("owner")),
    "clinic_admin:staff-mine": Rule(only(*STAFF), NO),
    "clinic_admin:staff-leave": both(only(*STAFF)),
    "clinic_admin:login": both(ANYBODY),
    "clinic_admin:logout": Rule(NO, NO),
    "clinic_admin:autocomplete": Rule(only(), NO),
    "clinic_admin:jsi18n": Rule(only(*STAFF), NO),
    "clinic_admin:app_list": Rule(only(*STAFF), only(*STAFF), {"app_label": "accounts"}),
    "clinic_admin:(?P<url>.*)$": Rule(only(missing=STAFF), only(missing=STAFF), {"url": "nothing-here"}),
}
for label in (
    "accounts.clinicpatient",
    "appointments.doctoravailability",
    "appointments.timeoff",
    "payments.payment",
):
    CLINIC |= admin_model("clinic_admin", label, inside=INSIDE, view=only(*SEE_PATIENTS), export=only(*RUN_IT))
for label in ("appointments.appointment", "payments.refund"):
    CLINIC |= admin_model(
        "clinic_admin",
        label,
        inside=INSIDE,
        view=only(*SEE_PATIENTS),
        act=only(*SEE_PATIENTS),
        export=only(*RUN_IT),
    )
CLINIC |= admin_model(
    "clinic_admin",
    "pharmacy.prescription",
    inside=INSIDE,
    view=only("owner", "pharmacist"),
    export=only("owner"),
)
# The catalogue is kept by whoever runs the clinic and by its pharmacists.
KEEP_THE_CATALOGUE = only("owner", "manager", "pharmacist")
CLINIC |= admin_model(
    "clinic_admin",
    "pharmacy.medicine",
    inside=INSIDE,
    view=KEEP_THE_CATALOGUE,
    add=KEEP_THE_CATALOGUE,
    change=KEEP_THE_CATALOGUE,
    act=KEEP_THE_CATALOGUE,
    export=KEEP_THE_CATALOGUE,
)
CLINIC |= {
    "clinic_admin:pharmacy_medicine_stock": Rule(
        KEEP_THE_CATALOGUE, KEEP_THE_CATALOGUE, {"object_id": "pharmacy.medicine"}
    ),
    "clinic_admin:pharmacy_medicine_import": both(KEEP_THE_CATALOGUE),
    "clinic_admin:pharmacy_medicine_template": Rule(KEEP_THE_CATALOGUE, NO),
    # Whose check it is only its author can name: everybody else who may import is asked for a file.
    "clinic_admin:pharmacy_medicine_import_check": Rule(
        KEEP_THE_CATALOGUE, KEEP_THE_CATALOGUE, {"token": "aBcD1234aBcD1234aBcD1234"}
    ),
}
# A doctor's hours: as in the workspace, for those who run the clinic
for page, methods in {
    "": "both",
    "_preview": "post",
    "_save": "post",
    "_undo": "post",
    "_add": "both",
    "_copy": "both",
    "_day": "both",
    "_day_remove": "both",
    "_edit": "both",
    "_switch": "post",
    "_remove": "both",
}.items():
    may_edit = only(*RUN_IT)
    CLINIC[f"clinic_admin:appointments_availability_editor{page}"] = Rule(
        may_edit if methods == "both" else NO, may_edit
    )
for label in ("audit.auditlog", "clinics.emergencyaccess"):
    CLINIC |= admin_model("clinic_admin", label, inside=INSIDE, view=only(*RUN_IT), export=only(*RUN_IT))
CLINIC |= admin_model(
    "clinic_admin",
    "clinics.membership",
    inside=INSIDE,
    view=only(*RUN_IT),
    act=only(*RUN_IT),
    export=only(*RUN_IT),
)
CLINIC |= {
    "clinic_admin:accounts_doctor_requests": Rule(only(*RUN_IT), NO),
    "clinic_admin:accounts_doctor_request": both(only(*RUN_IT)),
}
CLINIC |= admin_model("clinic_admin", "accounts.doctor", inside=INSIDE, view=only(*STAFF), export=only(*RUN_IT))
CLINIC |= admin_model("clinic_admin", "clinics.clinic", inside=INSIDE, view=only(*STAFF), change=only(*RUN_IT))

# The front desk: what is open to whom by `clinics.policies.CAPABILITIES`.
AT_THE_DESK = only(*SEE_PATIENTS)
RUNNING_IT = only(*RUN_IT)
CLINIC |= {
    "clinic_admin:appointments_desk": Rule(AT_THE_DESK, NO),
    "clinic_admin:appointments_desk_arrived": Rule(NO, AT_THE_DESK),
    "clinic_admin:appointments_desk_not_arrived": Rule(NO, AT_THE_DESK),
    "clinic_admin:appointments_desk_no_show": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_cancel": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_move": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_receipt": Rule(AT_THE_DESK, NO),
    "clinic_admin:appointments_desk_take_cash": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_hand_back": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_retry": both(AT_THE_DESK),
    "clinic_admin:appointments_desk_give_back": both(RUNNING_IT),
    "clinic_admin:appointments_desk_hours": Rule(AT_THE_DESK, NO),
    "clinic_admin:appointments_desk_patient": Rule(AT_THE_DESK, NO),
    "clinic_admin:appointments_desk_time_off": both(RUNNING_IT),
    "clinic_admin:appointments_desk_time_off_remove": both(RUNNING_IT),
}

# The desk books for walk-ins and callers.
CLINIC |= {
    "clinic_admin:appointments_desk_book": Rule(only(*SEE_PATIENTS), NO),
    "clinic_admin:appointments_desk_book_new": both(only(*SEE_PATIENTS)),
    "clinic_admin:appointments_desk_book_link": both(only(*SEE_PATIENTS)),
    "clinic_admin:appointments_desk_book_details": both(only(*SEE_PATIENTS)),
    "clinic_admin:appointments_desk_book_visit": both(only(*SEE_PATIENTS)),
    "clinic_admin:appointments_desk_book_status": Rule(only(*SEE_PATIENTS), NO),
}

# The pharmacy's desk: those who dispense, and the owner, who answers for it.
AT_THE_PHARMACY = only("owner", "pharmacist")
CLINIC |= {
    "clinic_admin:pharmacy_desk": Rule(AT_THE_PHARMACY, NO),
    "clinic_admin:pharmacy_desk_order": Rule(AT_THE_PHARMACY, NO),
    "clinic_admin:pharmacy_desk_begin": Rule(NO, AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_dispatch": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_courier": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_deliver": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_cancel": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_pick_list": Rule(AT_THE_PHARMACY, NO),
    "clinic_admin:pharmacy_desk_labels": Rule(AT_THE_PHARMACY, NO),
    "clinic_admin:pharmacy_desk_undo": Rule(NO, AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_dispense": Rule(NO, AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_substitute": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_take_out": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_answer": both(AT_THE_PHARMACY),
    "clinic_admin:pharmacy_desk_withdraw": Rule(NO, AT_THE_PHARMACY),
    # Only the patient's side answers; a guardian too, whom the table does not know.
    "pharmacy:substitutions:accept": Rule(NO, MY_VISIT),
    "pharmacy:substitutions:decline": Rule(NO, MY_VISIT),
}
CLINIC |= admin_model(
    "clinic_admin",
    "pharmacy.order",
    inside=INSIDE,
    view=only("owner", "pharmacist"),
    export=only("owner"),
)

MATRIX: dict[str, dict[str, Rule]] = {"platform": PLATFORM, "admin": ADMIN, "clinic": CLINIC}
