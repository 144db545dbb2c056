"""Finished notes and what was added to them stay as they were signed, whoever asks."""

from django.db import migrations

NOTES = """
CREATE FUNCTION consultation_keep_finished() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.finished_at IS NULL THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND ROW(
        OLD.appointment_id, OLD.started_at, OLD.finished_at, OLD.reason, OLD.findings, OLD.doctor_notes, OLD.diagnosis,
        OLD.plan, OLD.follow_up_recommended, OLD.follow_up_notes, OLD.follow_up_at, OLD.follow_up_mode
    ) IS NOT DISTINCT FROM ROW(
        NEW.appointment_id, NEW.started_at, NEW.finished_at, NEW.reason, NEW.findings, NEW.doctor_notes, NEW.diagnosis,
        NEW.plan, NEW.follow_up_recommended, NEW.follow_up_notes, NEW.follow_up_at, NEW.follow_up_mode
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'finished notes of % cannot be changed', TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'consultation_finished_is_final';
END
$$
"""
ADDENDA = """
CREATE FUNCTION consultation_keep_addendum() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'consultation_addendum_is_final';
END
$$
"""
NOTES_TRIGGER = """
CREATE TRIGGER consultation_finished_is_final BEFORE UPDATE OR DELETE ON appointments_consultation
FOR EACH ROW EXECUTE FUNCTION consultation_keep_finished('appointments_consultation')
"""
ADDENDA_TRIGGER = """
CREATE TRIGGER consultation_addendum_is_final BEFORE UPDATE OR DELETE ON appointments_consultationaddendum
FOR EACH ROW EXECUTE FUNCTION consultation_keep_addendum('appointments_consultationaddendum')
"""


class Migration(migrations.Migration):
    dependencies = [("appointments", "0001_initial")]

    operations = [
        migrations.RunSQL(NOTES, "DROP FUNCTION consultation_keep_finished()"),
        migrations.RunSQL(NOTES_TRIGGER, "DROP TRIGGER consultation_finished_is_final ON appointments_consultation"),
        migrations.RunSQL(ADDENDA, "DROP FUNCTION consultation_keep_addendum()"),
        migrations.RunSQL(
            ADDENDA_TRIGGER, "DROP TRIGGER consultation_addendum_is_final ON appointments_consultationaddendum"
        ),
    ]
