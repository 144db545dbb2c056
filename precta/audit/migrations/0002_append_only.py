"""The trail can only grow: row changes and TRUNCATE are refused by triggers, whoever asks."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""
ROWS = """
CREATE TRIGGER audit_append_only_rows BEFORE UPDATE OR DELETE ON audit_auditlog
FOR EACH ROW EXECUTE FUNCTION audit_refuse_change('audit_auditlog')
"""
TRUNCATE = """
CREATE TRIGGER audit_append_only_truncate BEFORE TRUNCATE ON audit_auditlog
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change('audit_auditlog')
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION audit_refuse_change()"),
        migrations.RunSQL(ROWS, "DROP TRIGGER audit_append_only_rows ON audit_auditlog"),
        migrations.RunSQL(TRUNCATE, "DROP TRIGGER audit_append_only_truncate ON audit_auditlog"),
    ]
