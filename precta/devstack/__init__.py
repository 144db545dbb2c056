"""Everything a bare machine lacks: PostgreSQL, Valkey and stand-ins for outside providers.

Used by the Makefile, the tests and the benches. Production never imports it.
"""
