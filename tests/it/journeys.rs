//! User journeys through the whole product, one per file.

mod data;
mod database_outage;
mod fairness;
mod first_function;
mod full_disk;
mod key_rotation;
mod notes;
mod redeploy;
mod restored_database;
mod schema;
mod shutdown;
mod streaming;
