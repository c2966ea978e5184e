//! The names that a hostile user knows: every function, operator, table and setting of a database.

use std::collections::HashMap;

use support::cluster::endpoint;

/// A function, an aggregate or a window function.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    pub(super) kind: Kind,
    pub(super) gives_rows: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Aggregate,
    Window,
}

/// An operator; a prefix operator has no left side.
pub(super) struct Operator {
    pub(super) name: String,
    pub(super) left: Option<String>,
    pub(super) right: String,
}

/// All of them, including forbidden ones.
pub(super) struct Catalogue {
    pub(super) functions: Vec<Function>,
    /// Indices in `functions`, by result type.
    pub(super) giving: HashMap<String, Vec<usize>>,
    pub(super) operators: HashMap<String, Vec<Operator>>,
    pub(super) tables: Vec<String>,
    pub(super) settings: Vec<String>,
    pub(super) types: Vec<String>,
}

/// Types without literals; and functions that only sleep.
const FUNCTIONS: &str = "SELECT p.oid::regproc::text, p.prokind::text, p.proretset,
        format_type(p.prorettype, NULL),
        ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n) ORDER BY n)
    FROM pg_proc p
    WHERE p.prokind IN ('f', 'a', 'w') AND p.prorettype::regtype::text NOT IN ('trigger', 'event_trigger')
      AND p.proname NOT LIKE 'pg_sleep%'
      AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) t WHERE t = 'internal'::regtype)
    ORDER BY p.oid::regprocedure::text";

const OPERATORS: &str =
    "SELECT 'OPERATOR(' || n.nspname || '.' || o.oprname || ')', format_type(o.oprresult, NULL),
        CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL)
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprresult <> 0
    ORDER BY o.oid::regoperator::text";

const TABLES: &str =
    "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'v', 'm', 'S', 'p')
    ORDER BY 1";

const TYPES: &str = "SELECT format_type(oid, NULL) FROM pg_type
    WHERE typtype IN ('b', 'r', 'm', 'd') AND typnamespace = 'pg_catalog'::regnamespace ORDER BY 1";

impl Catalogue {
    pub(super) async fn of(app: &str) -> Self {
        let admin = endpoint().admin(app).await.unwrap();
        let mut catalogue = Self {
            functions: Vec::new(),
            giving: HashMap::new(),
            operators: HashMap::new(),
            tables: admin.query(TABLES, &[]).await.unwrap().iter().map(|row| row.get(0)).collect(),
            settings: Vec::new(),
            types: admin.query(TYPES, &[]).await.unwrap().iter().map(|row| row.get(0)).collect(),
        };
        let settings = admin.query("SELECT name FROM pg_settings ORDER BY 1", &[]).await.unwrap();
        catalogue.settings.extend(settings.iter().map(|row| row.get::<_, String>(0)));
        for row in admin.query(FUNCTIONS, &[]).await.unwrap() {
            let kind = match row.get::<_, &str>(1) {
                "a" => Kind::Aggregate,
                "w" => Kind::Window,
                _ => Kind::Plain,
            };
            let gives: String = row.get(3);
            catalogue.giving.entry(gives).or_default().push(catalogue.functions.len());
            catalogue.functions.push(Function {
                name: row.get(0),
                arguments: row.get(4),
                kind,
                gives_rows: row.get(2),
            });
        }
        for row in admin.query(OPERATORS, &[]).await.unwrap() {
            let operator = Operator { name: row.get(0), left: row.get(2), right: row.get(3) };
            catalogue.operators.entry(row.get(1)).or_default().push(operator);
        }
        catalogue
    }
}
