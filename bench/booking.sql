-- What one booking writes, and nothing else: its own inserts, on slots that nobody else takes.
-- `base` (the round) and `i` (a client's own count) make each slot distinct, `salt` (the run) each id.
\set i :i + 1
\set n :base * 10000000 + :client_id * 1000000 + :i
\set d :n % :doctors + 1
\set u :n % :patients + 1
\set hour :n / :doctors
BEGIN;
INSERT INTO payments_payment (id, user_id, type, subject_id, amount, currency, method, status, provider, provider_reference, checkout_url, payer_phone, failure_reason, next_check_at, created_at) VALUES ('p' || substr(md5(:salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], 'appointment', 'a' || substr(md5(:salt || :n::text), 1, 23), 2500, 'KES', 'mpesa', 'pending', 'paystack', 'benchxxx-p' || substr(md5(:salt || :n::text), 1, 23), '', '+254700000000', '', now(), now());
INSERT INTO appointments_appointment (id, patient_id, doctor_id, clinic_id, booked_by, scheduled_at, duration_minutes, buffer_minutes, consultation_type, status, cancellation_reason, notes, payment_id, fee, currency, hold_expires_at, idempotency_key, created_at) VALUES ('a' || substr(md5(:salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], (:doctor_ids::varchar[])[:d::int], :clinic_id, (:patient_ids::varchar[])[:u::int], timestamptz '2100-01-01 00:00+00' + :hour::int * interval '1 hour', 30, 0, 'in_person', 'pending_payment', '', 'Follow-up', 'p' || substr(md5(:salt || :n::text), 1, 23), 2500, 'KES', now() + interval '15 minutes', md5(:salt || :n::text), now());
INSERT INTO audit_auditlog (id, user_id, action, resource_type, resource_id, details, ip_address, user_agent, created_at) VALUES ('l' || substr(md5(:salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], 'appointment.held', 'appointment', 'a' || substr(md5(:salt || :n::text), 1, 23), '{"doctor": "d", "at": "t"}', '127.0.0.1', 'bench', now());
INSERT INTO outbox_outboxevent (id, kind, payload, created_at, attempts, next_attempt_at, last_error) VALUES ('o' || substr(md5(:salt || :n::text), 1, 23), 'appointment.held', '{"appointment_id": "a"}', now(), 0, now(), '');
COMMIT;
