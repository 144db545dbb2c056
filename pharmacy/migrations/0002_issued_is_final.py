"""An issued prescription is replaced, never edited: only the place of its PDF may be noted afterwards."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION prescription_keep_issued() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        OLD.pdf_url := NEW.pdf_url;
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'an issued row of % cannot be changed', TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'prescription_issued_is_final';
END
$$
"""
TRIGGER = """
CREATE TRIGGER prescription_issued_is_final BEFORE UPDATE OR DELETE ON pharmacy_prescription
FOR EACH ROW EXECUTE FUNCTION prescription_keep_issued('pharmacy_prescription')
"""


class Migration(migrations.Migration):
    dependencies = [("pharmacy", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION prescription_keep_issued()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER prescription_issued_is_final ON pharmacy_prescription"),
    ]
