"""Finding a doctor: what may be asked, how it is looked up, how a result reads. Public rows only."""
