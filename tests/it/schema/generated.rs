//! Generated pairs of schemas: a generator over the DSL, with the comparison of the handwritten corpus.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use support::cluster::run;
use tokio_postgres::Client;

use super::essence::essence;
use super::place::{Place, client};

/// Types with a default and a check that fit them.
const TYPES: [(&str, &str, &str); 16] = [
    ("int", "1", "> 0"),
    ("bigint", "-5", "<> 3"),
    ("smallint", "0", "< 100"),
    ("numeric(10,2)", "1.5", ">= 0.25"),
    ("double precision", "0.5", "< 1e9"),
    ("text", "'x'", "<> ''"),
    ("varchar(20)", "'abc'", "IN ('a', 'b')"),
    ("char(4)", "'a'", "LIKE 'a%'"),
    ("boolean", "true", "= false"),
    ("uuid", "gen_random_uuid()", "IS NOT NULL"),
    ("timestamptz", "now()", "> '2000-01-01'"),
    ("date", "CURRENT_DATE", "< '2100-01-01'"),
    ("jsonb", "'{}'", "<> 'null'"),
    ("int[]", "'{1}'", "<> '{}'"),
    ("text[]", "ARRAY[]::text[]", "IS NOT NULL"),
    ("interval", "'1 day'", "> '0'"),
];

const TABLES: [&str; 4] = ["alpha", "Beta b", "gamma", "order"];
const COLUMNS: [&str; 6] = ["a", "b", "c", "D d", "select", "f"];

#[derive(Debug, Clone)]
struct Column {
    ty: usize,
    nullable: bool,
    default: bool,
    check: bool,
    unique: bool,
}

#[derive(Debug, Clone)]
struct Table {
    /// `id`'s type, and whether it is an identity column.
    key: usize,
    columns: std::collections::BTreeMap<usize, Column>,
    /// Referenced tables, with an action.
    references: Vec<(usize, usize)>,
    index: Option<(usize, bool, bool)>,
    composite: bool,
    rls: Option<bool>,
    comment: bool,
}

fn column() -> impl Strategy<Value = Column> {
    (
        0..TYPES.len(),
        any::<bool>(),
        any::<bool>(),
        proptest::bool::weighted(0.2),
        proptest::bool::weighted(0.15),
    )
        .prop_map(|(ty, nullable, default, check, unique)| Column {
            ty,
            nullable,
            default,
            check,
            unique,
        })
}

fn table() -> impl Strategy<Value = Table> {
    (
        0..4_usize,
        btree_map(0..COLUMNS.len(), column(), 0..4),
        vec((0..TABLES.len(), 0..3_usize), 0..2),
        proptest::option::of((0..COLUMNS.len(), any::<bool>(), any::<bool>())),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.2, any::<bool>()),
        proptest::bool::weighted(0.2),
    )
        .prop_map(|(key, columns, references, index, composite, rls, comment)| Table {
            key,
            columns,
            references,
            index,
            composite,
            rls,
            comment,
        })
}

fn schema() -> impl Strategy<Value = Value> {
    btree_map(0..TABLES.len(), table(), 1..4).prop_map(|tables| {
        let kinds = |number: &usize| tables.get(number).map(|table: &Table| table.key);
        let all = tables.iter().map(|(number, table)| {
            let name = TABLES[*number];
            (name.to_owned(), body(name, table, &kinds))
        });
        let all: Map<String, Value> = all.collect();
        json!({ "tables": all })
    })
}

fn body(own: &str, table: &Table, kinds: &dyn Fn(&usize) -> Option<usize>) -> Value {
    let key = [
        json!({ "type": "int", "primaryKey": true }),
        json!({ "type": "bigserial", "primaryKey": true }),
        json!({ "type": "uuid", "primaryKey": true, "default": "gen_random_uuid()" }),
        json!({ "type": "bigint", "identity": "always", "primaryKey": true }),
    ];
    let key_types = ["int", "bigint", "uuid", "bigint"];
    let mut columns = Map::from_iter([("id".to_owned(), key[table.key].clone())]);
    for (number, column) in &table.columns {
        let (ty, default, check) = TYPES[column.ty];
        let name = COLUMNS[*number];
        let mut shown = json!({ "type": ty, "nullable": column.nullable });
        if column.default {
            shown["default"] = default.into();
        }
        if column.check {
            shown["check"] = format!("\"{name}\" {check}").into();
        }
        if column.unique && ty != "jsonb" {
            shown["unique"] = true.into();
        }
        columns.insert(name.to_owned(), shown);
    }
    for (to, action) in &table.references {
        let Some(kind) = kinds(to) else { continue };
        let action = ["NO ACTION", "CASCADE", "SET NULL"][*action];
        let reference = json!({ "table": TABLES[*to], "column": "id", "onDelete": action });
        columns.insert(format!("to {to}"), json!({ "type": key_types[kind], "references": reference }));
    }
    let mut indexes = Map::new();
    if let Some((number, descending, partial)) = table.index
        && let Some(column) = table.columns.get(&number)
        && !TYPES[column.ty].0.starts_with("json")
    {
        let name = COLUMNS[number];
        let order = if descending { "desc" } else { "asc" };
        let mut index = json!({ "columns": [{ "column": name, "order": order }, "id"] });
        if partial {
            index["where"] = format!("\"{name}\" IS NOT NULL").into();
        }
        indexes.insert(format!("by {name} of {own}"), index);
    }
    let mut shown = json!({ "columns": columns, "indexes": indexes, "comment": if table.comment { "noted" } else { "" } });
    if table.composite
        && let Some((number, _)) = table.columns.iter().find(|(_, it)| TYPES[it.ty].0 != "jsonb")
    {
        shown["uniques"] = json!({ format!("both of {own}"): ["id", COLUMNS[*number]] });
    }
    shown["rls"] = match table.rls {
        None => json!(false),
        Some(restrictive) => {
            json!({ "policies": { "p": { "using": "id IS NOT NULL", "restrictive": restrictive } } })
        }
    };
    shown
}

/// The default number of pairs; `MAYFLY_SCHEMA_PAIRS` changes it.
fn count() -> usize {
    std::env::var("MAYFLY_SCHEMA_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

/// The declaration, with consent to every possible drop.
fn agreed(from: &Value, to: &Value) -> String {
    let names = |value: &Value| -> Vec<String> {
        value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    };
    let mut to = to.clone();
    let tables = names(&from["tables"]);
    let gone: Vec<&String> = tables.iter().filter(|name| to["tables"].get(*name).is_none()).collect();
    let gone = json!(gone);
    for name in &tables {
        if let Some(table) = to["tables"].get_mut(name) {
            table["_dropColumns"] = names(&from["tables"][name]["columns"]).into();
            table["_dropIndexes"] = names(&from["tables"][name]["indexes"]).into();
        }
    }
    to["_drop"] = gone;
    to.to_string()
}

/// Migrates from one schema to the next, in a place that has the first one.
async fn step(
    place: &mut Place,
    beside: &mut Option<Client>,
    from: &Value,
    to: &Value,
) -> Result<(), String> {
    let agreed = agreed(from, to);
    let done = place.try_apply(&agreed).await.map_err(|error| format!("{error:?}"))?;
    let again = place.try_apply(&agreed).await.map_err(|error| format!("again: {error:?}"))?;
    if !again.plan.is_empty() {
        return Err(format!("again: {:#?}", again.plan.steps));
    }
    let to = to.to_string();
    let client = match beside.take() {
        Some(client) => client,
        None => client().await,
    };
    let mut fresh = Place::with(client).await;
    let made = fresh.try_apply(&to).await.map_err(|error| format!("from nothing: {error:?}"))?;
    *beside = Some(fresh.drop().await);
    let (migrated, made) = (essence(&done.catalog, &to), essence(&made.catalog, &to));
    let odd = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|fact| !other.contains(fact)).cloned().collect()
    };
    let (more, less) = (odd(&migrated, &made), odd(&made, &migrated));
    if more.is_empty() && less.is_empty() {
        return Ok(());
    }
    Err(format!("migrated has {more:#?}\ncreated has {less:#?}\n{:#?}", done.plan.steps))
}

/// Two halves in parallel: each has its own connection and its own seed, the same at every run.
async fn half(seed: u8, count: usize) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = schema();
    let mut next = || strategy.new_tree(&mut runner).expect("a schema").current();
    let mut wrong = Vec::new();
    // A chain: every schema is a target once and a start once.
    let mut from = next();
    let (mut place, mut beside) = (Place::new().await, None);
    place.apply(&from.to_string()).await;
    for number in 0..count {
        let to = next();
        if let Err(error) = step(&mut place, &mut beside, &from, &to).await {
            wrong.push(format!("pair {number} of seed {seed}: {error}\n  A {from}\n  B {to}"));
            place = Place::new().await;
            place.apply(&to.to_string()).await;
        }
        from = to;
    }
    place.drop().await;
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn generated_pairs() {
    run(async {
        let halves = [half(1, count() / 2), half(2, count().div_ceil(2))].map(tokio::spawn);
        for half in halves {
            half.await.unwrap();
        }
    });
}
