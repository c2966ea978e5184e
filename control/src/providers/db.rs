//! `ctx.db`: tenants' statements, over connections of our own.
