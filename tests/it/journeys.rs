//! One story each, through the whole product.

mod database_outage;
mod fairness;
mod first_function;
mod redeploy;
mod schema;
mod shutdown;
