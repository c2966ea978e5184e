//! `ctx.idempotency`: atomic claims in the app's own database.
