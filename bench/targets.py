"""What each figure has to reach."""

TARGETS: dict[str, tuple[str, float]] = {
    "list_vs_floor": (">=", 0.7),
    "slots_vs_floor": (">=", 0.6),
    "booking_vs_pgbench": (">=", 0.10),
    "list_queries": ("<=", 6),
    "slots_queries": ("<=", 8),
    "booking_queries": ("<=", 20),
    "admin_day_queries": ("<=", 15),
    "timeline_queries": ("<=", 14),
    "list_100_clinics_vs_4": (">=", 0.85),
    "first_page_bytes": ("<=", 60_000),
    "next_page_bytes": ("<=", 15_000),
    "worker_rss_mb": ("<=", 120),
    "upload_mb_s_vs_copy": (">=", 0.25),
    "upload_rss_growth_mb": ("<=", 30),
    "clinic_create_ms_vs_migrate": ("<=", 0.5),
    "pdf_per_s_vs_typst_alone": (">=", 0.6),
    "article_list_vs_floor": (">=", 0.7),
    "article_search_100k_ms_vs_pk_read": ("<=", 3),
    "double_bookings": ("<=", 0),
}
