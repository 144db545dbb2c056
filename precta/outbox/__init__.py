"""Events: `precta.outbox.services.emit` writes one, `precta.outbox.registry.on` says who acts on it."""
