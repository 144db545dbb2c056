"""Every column, key and index that the data model asks for is in the database under its name."""

import pytest
from django.db import connection

from clinics.models import Clinic
from precta.tenancy import clinic_context, public_context

pytestmark = pytest.mark.django_db

# table: columns as the data model writes them; "!" marks NOT NULL.
PUBLIC = {
    "accounts_user": """
        id! email! phone password_hash! role! status! email_verified! phone_verified! created_at! updated_at!
    """,
    "accounts_patient": """
        id! first_name! last_name! date_of_birth gender blood_type allergies preferred_language!
        emergency_contact_name emergency_contact_phone clinic_id
    """,
    "accounts_doctor": """
        id! first_name! last_name! bio profile_image_url specialties! languages qualifications license_number
        years_of_experience consultation_fee! consultation_duration_minutes! consultation_modes! verification_status!
        verification_notes verified_at verified_by clinic_id average_rating total_reviews total_consultations
    """,
    "accounts_doctorcredential": """
        id! doctor_id! type! name! file_url! issued_by issued_at expires_at verification_status! uploaded_at!
    """,
    "clinics_clinic": """
        id! name! slug! description logo_url address city region phone email website operating_hours settings status!
        created_at!
    """,
    "notifications_notification": """
        id! user_id! type! title! body! data channel! status! sent_at read_at created_at!
    """,
    "content_article": """
        id! title! slug! excerpt body! category! tags featured_image_url author_id status! published_at view_count
        created_at! updated_at!
    """,
    "content_review": """
        id! patient_id! doctor_id! consultation_id rating! comment moderation_status! moderated_at moderated_by
        created_at!
    """,
    "audit_auditlog": """
        id! user_id action! resource_type! resource_id details ip_address user_agent created_at!
    """,
}
OF_A_CLINIC = {
    "appointments_doctoravailability": """
        id! doctor_id! day_of_week! start_time! end_time! consultation_mode! is_active!
    """,
    "appointments_appointment": """
        id! patient_id! doctor_id! clinic_id scheduled_at! duration_minutes! consultation_type! status!
        cancellation_reason cancelled_at cancelled_by notes payment_id created_at!
    """,
    "appointments_consultation": """
        id! appointment_id! started_at! ended_at duration_seconds doctor_notes diagnosis follow_up_recommended!
        follow_up_notes recording_url room_id
    """,
    "appointments_medicalrecord": """
        id! patient_id! type! name! description file_url! file_size_bytes mime_type uploaded_at! metadata
    """,
    "pharmacy_prescription": """
        id! consultation_id patient_id! doctor_id! medications! instructions valid_until issued_at! pdf_url
    """,
    "pharmacy_order": """
        id! patient_id! prescription_id status! subtotal! delivery_fee! total_amount! delivery_address delivery_notes
        payment_id created_at! updated_at!
    """,
    "pharmacy_orderitem": """
        id! order_id! name! quantity! unit_price! total_price!
    """,
    "payments_payment": """
        id! user_id! type! amount! currency! method! status! provider! provider_reference provider_response paid_at
        created_at!
    """,
    "audit_auditlog": PUBLIC["audit_auditlog"],
}
# table: what an index has to begin with.
INDEXES = {
    "accounts_user": ["email", "phone", "role", "status"],
    "accounts_patient": ["clinic_id", "first_name,last_name"],
    "accounts_doctor": ["clinic_id", "verification_status", "specialties", "average_rating"],
    "accounts_doctorcredential": ["doctor_id", "type"],
    "clinics_clinic": ["slug", "city", "region", "status"],
    "notifications_notification": ["user_id", "status", "created_at", "user_id,status"],
    "audit_auditlog": ["user_id", "action", "resource_type", "created_at", "resource_type,resource_id"],
    "appointments_doctoravailability": ["doctor_id", "doctor_id,day_of_week"],
    "appointments_appointment": [
        "patient_id",
        "doctor_id",
        "clinic_id",
        "scheduled_at",
        "status",
        "doctor_id,scheduled_at",
    ],
    "appointments_consultation": ["appointment_id", "started_at"],
    "appointments_medicalrecord": ["patient_id", "type", "uploaded_at"],
    "pharmacy_prescription": ["patient_id", "doctor_id", "consultation_id", "issued_at"],
    "payments_payment": ["user_id", "status", "provider_reference", "type"],
    "pharmacy_order": ["patient_id", "status", "created_at"],
    "pharmacy_orderitem": ["order_id"],
    "content_article": ["slug", "category", "status", "published_at", "tags"],
    "content_review": ["doctor_id", "patient_id", "rating", "moderation_status", "patient_id,consultation_id"],
}
LENGTHS = {
    ("accounts_user", "id"): 36,
    ("accounts_user", "email"): 255,
    ("accounts_user", "phone"): 20,
    ("accounts_user", "password_hash"): 255,
    ("accounts_patient", "first_name"): 100,
    ("accounts_patient", "blood_type"): 5,
    ("accounts_doctor", "license_number"): 100,
    ("accounts_doctor", "profile_image_url"): 500,
    ("clinics_clinic", "name"): 200,
    ("clinics_clinic", "slug"): 100,
    ("appointments_appointment", "id"): 36,
    ("appointments_consultation", "recording_url"): 500,
    ("appointments_consultation", "room_id"): 100,
    ("appointments_medicalrecord", "name"): 200,
    ("appointments_medicalrecord", "file_url"): 500,
    ("appointments_medicalrecord", "mime_type"): 100,
    ("pharmacy_prescription", "pdf_url"): 500,
    ("pharmacy_orderitem", "name"): 200,
    ("content_article", "title"): 300,
    ("content_article", "slug"): 300,
    ("content_article", "featured_image_url"): 500,
    ("payments_payment", "currency"): 3,
    ("payments_payment", "provider_reference"): 200,
    ("notifications_notification", "title"): 200,
    ("audit_auditlog", "action"): 100,
    ("audit_auditlog", "ip_address"): 45,
}


def columns_of(table: str) -> dict[str, tuple[bool, int | None]]:
    """Column → (may be null, longest text) in the schema that comes first on the search path."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, is_nullable = 'YES', character_maximum_length FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s",
            [table],
        )
        return {name: (nullable, length) for name, nullable, length in cursor.fetchall()}


def check(table: str, wanted: str) -> None:
    found = columns_of(table)
    for word in wanted.split():
        name = word.rstrip("!")
        assert name in found, f"{table}.{name} is missing"
        if word.endswith("!"):
            assert not found[name][0], f"{table}.{name} may be null"
        if (table, name) in LENGTHS:
            assert found[name][1] == LENGTHS[table, name], f"{table}.{name}"


@pytest.mark.parametrize("table", PUBLIC)
def test_the_public_schema_holds_what_the_data_model_asks_for(table):
    with public_context():
        check(table, PUBLIC[table])
        assert_indexed(table)


@pytest.mark.parametrize("table", OF_A_CLINIC)
def test_a_clinics_schema_holds_what_the_data_model_asks_for(table, uzima):
    with clinic_context(uzima):
        check(table, OF_A_CLINIC[table])
        assert_indexed(table)


def assert_indexed(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT array_to_string(ARRAY(
                SELECT a.attname FROM unnest(i.indkey::int[]) WITH ORDINALITY k(attnum, n)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n), ',')
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace s ON s.oid = c.relnamespace
            WHERE s.nspname = current_schema() AND c.relname = %s
            """,
            [table],
        )
        indexes = [row[0] for row in cursor.fetchall()]
    for wanted in INDEXES[table]:
        assert any(f"{index},".startswith(f"{wanted},") for index in indexes), f"{table}: no index on {wanted}"


# What a column is when nobody says anything, also for rows that are not written by Django.
DEFAULTS = {
    "accounts_user": {"status": "pending", "email_verified": "false", "created_at": "now", "updated_at": "now"},
    "accounts_patient": {"preferred_language": "en"},
    "accounts_doctor": {
        "languages": "en",
        "consultation_duration_minutes": "30",
        "consultation_modes": "in_person",
        "verification_status": "pending",
        "average_rating": "0",
        "total_reviews": "0",
        "total_consultations": "0",
    },
    "accounts_doctorcredential": {"verification_status": "pending", "uploaded_at": "now"},
    "clinics_clinic": {"status": "active", "created_at": "now"},
    "notifications_notification": {"channel": "push", "status": "pending", "created_at": "now"},
    "audit_auditlog": {"created_at": "now"},
    "appointments_doctoravailability": {"is_active": "true"},
    "appointments_appointment": {"status": "pending_payment", "created_at": "now"},
    "appointments_consultation": {"follow_up_recommended": "false"},
    "appointments_medicalrecord": {"uploaded_at": "now"},
    "pharmacy_prescription": {"issued_at": "now"},
    "pharmacy_order": {"status": "pending_payment", "delivery_fee": "0", "created_at": "now", "updated_at": "now"},
    "content_article": {"status": "draft", "view_count": "0", "created_at": "now", "updated_at": "now"},
    "content_review": {"moderation_status": "pending", "created_at": "now"},
    "payments_payment": {"currency": "KES", "status": "pending", "provider": "paystack", "created_at": "now"},
}


@pytest.mark.parametrize("table", DEFAULTS)
def test_the_database_itself_knows_the_defaults(table, uzima):
    with clinic_context(uzima) if table in OF_A_CLINIC else public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, column_default FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s",
            [table],
        )
        found = dict(cursor.fetchall())
    for column, value in DEFAULTS[table].items():
        # "now" is written as the start of the statement, in the words of this PostgreSQL.
        known = ("now", "statement_timestamp") if value == "now" else (value,)
        assert any(word in str(found[column]) for word in known), f"{table}.{column}: {found[column]}"


def test_a_visits_end_is_computed_by_the_database(uzima):
    with clinic_context(uzima), connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_generated FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = 'appointments_appointment' AND column_name = 'busy_until'"
        )
        assert cursor.fetchone() == ("ALWAYS",)


def test_no_table_of_a_clinic_stands_in_public(uzima):
    with clinic_context(uzima):
        theirs = set(connection.introspection.table_names())
    with public_context():
        shared = theirs & set(connection.introspection.table_names())
    assert shared == {"audit_auditlog", "outbox_outboxevent", "django_admin_log", "django_migrations", "files_filekey"}


def test_every_enumeration_is_closed_by_the_database(uzima):
    """A word that is no status never gets in, whoever writes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint c JOIN pg_namespace s ON s.oid = c.connamespace"
            " WHERE c.contype = 'c' AND c.conname ~ '_known$' AND s.nspname IN ('public', %s)",
            [Clinic.objects.get(pk=uzima.pk).schema_name],
        )
        assert cursor.fetchone()[0] >= 20
