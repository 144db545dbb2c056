-- What one order of three medicines writes, and nothing else: its own inserts, and the stock of what it reserves.
-- `base` (the round) and `i` (a client's own count) make each order distinct, `salt` (the run) each id. The medicines
-- are taken in the order of their keys, so that no two orders wait for each other crosswise.
\set i :i + 1
\set n :base * 10000000 + :client_id * 1000000 + :i
\set m :n % (:medicines - 2) + 1
\set u :n % :patients + 1
BEGIN;
UPDATE pharmacy_medicine SET stock = stock - 1 WHERE id = (:medicine_ids::varchar[])[:m::int];
UPDATE pharmacy_medicine SET stock = stock - 1 WHERE id = (:medicine_ids::varchar[])[:m::int + 1];
UPDATE pharmacy_medicine SET stock = stock - 1 WHERE id = (:medicine_ids::varchar[])[:m::int + 2];
INSERT INTO payments_payment (id, user_id, type, subject_id, amount, currency, method, status, provider, provider_reference, checkout_url, payer_phone, failure_reason, next_check_at, created_at) VALUES ('p' || substr(md5('o' || :salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], 'order', 'e' || substr(md5(:salt || :n::text), 1, 23), 300, 'KES', 'mpesa', 'pending', 'paystack', 'benchxxx-po' || substr(md5(:salt || :n::text), 1, 22), '', '+254700000000', '', now(), now());
INSERT INTO pharmacy_order (id, patient_id, placed_by, status, subtotal, delivery_fee, total_amount, currency, fulfilment, delivery_address, delivery_notes, delivery_zone, contact_phone, payment_id, hold_expires_at, courier_name, courier_phone, received_by, cancellation_reason, idempotency_key, created_at, updated_at) VALUES ('e' || substr(md5(:salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], (:patient_ids::varchar[])[:u::int], 'pending_payment', 300, 0, 300, 'KES', 'pickup', '', '', '', '+254700000000', 'p' || substr(md5('o' || :salt || :n::text), 1, 23), now() + interval '15 minutes', '', '', '', '', md5(:salt || :n::text), now(), now());
INSERT INTO pharmacy_orderitem (id, order_id, medicine_id, position, name, quantity, ordered_quantity, unit_price, total_price, removal_reason, directions) SELECT 'i' || k || substr(md5(:salt || :n::text), 1, 22), 'e' || substr(md5(:salt || :n::text), 1, 23), (:medicine_ids::varchar[])[:m::int + k - 1], k, 'Bench 500 mg, tablet, 10 tablets', 1, 1, 100, 100, '', '' FROM generate_series(1, 3) k;
INSERT INTO pharmacy_stockmovement (id, medicine_id, order_id, kind, change, shelf_change, reason, made_at) SELECT 's' || k || substr(md5(:salt || :n::text), 1, 22), (:medicine_ids::varchar[])[:m::int + k - 1], 'e' || substr(md5(:salt || :n::text), 1, 23), 'reserved', -1, 0, '', now() FROM generate_series(1, 3) k;
INSERT INTO audit_auditlog (id, user_id, action, resource_type, resource_id, details, ip_address, user_agent, created_at) VALUES ('m' || substr(md5(:salt || :n::text), 1, 23), (:patient_ids::varchar[])[:u::int], 'order.held', 'order', 'e' || substr(md5(:salt || :n::text), 1, 23), '{"total": "300", "fulfilment": "pickup"}', '127.0.0.1', 'bench', now());
COMMIT;
