//! The session that a schema is read and changed in: its settings, and what it looks at.

use tokio_postgres::Transaction;

use super::Options;
use crate::catalog::Catalog;
use crate::catalog::introspect::{IntrospectionScope, introspect};
use crate::error::SchemaError;
use crate::planning::normalise::{search_path, set_local_ms};

/// Session settings for one transaction. Everything else of the session stays what it was.
pub(crate) async fn begin(transaction: &Transaction<'_>, options: &Options) -> Result<(), SchemaError> {
    let path = search_path(&options.schema, &[]);
    let settings = [
        set_local_ms("lock_timeout", options.lock_timeout),
        set_local_ms("statement_timeout", options.statement_timeout),
        format!("SET LOCAL search_path = {path}"),
        // How expressions and dates are written must not depend on the session.
        "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
         SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; SET LOCAL timezone = 'UTC';
         SET LOCAL jit = off"
            .to_owned(),
    ];
    Ok(transaction.batch_execute(&settings.join(";")).await?)
}

/// The schema as this transaction sees it.
pub(crate) async fn catalog_of(
    transaction: &Transaction<'_>,
    options: &Options,
) -> Result<Catalog, SchemaError> {
    introspect(transaction, scope(options, true)).await
}

pub(super) fn scope(options: &Options, unmanaged: bool) -> IntrospectionScope<'_> {
    let schema = options.schema.as_str();
    IntrospectionScope { schema, homes: [schema, schema], hidden: &options.hidden, unmanaged }
}
