//! Pairs of schemas, written by hand: migrating A to B must equal B created from an empty schema, and leave no difference.

use std::fs;
use std::path::Path;

use super::essence::essence;
use super::place::{Place, client, whole};
use mayfly_schema::{ApplyOutcome, Node, SchemaError};
use support::cluster::run;
use tokio_postgres::Client;

/// Migrates A to B, creates B from an empty schema, and compares both. Rows and consent are not tested here: all consents are given.
async fn migrate(client: Client, a: &str, b: &str) -> Result<Client, String> {
    let mut place = Place::with(client).await;
    let (a, b) = (whole(a), whole(b));
    place.try_apply(&a).await.map_err(|error| format!("A: {error:?}"))?;
    let again = place.try_apply(&a).await.map_err(|error| format!("A again: {error:?}"))?;
    nothing("A again", &again)?;
    let (agreed, proof) = agree(&mut place, &b).await.map_err(|error| format!("{error:?}"))?;
    let done = place.try_apply(&agreed).await.map_err(|error| format!("B: {error:?}"))?;
    if proof.plan != done.plan {
        return Err(format!("the dry run showed something else: {:#?}\n{:#?}", proof.plan, done.plan));
    }
    let migrated = place.read().await;
    let again = place.try_apply(&agreed).await.map_err(|error| format!("B again: {error:?}"))?;
    nothing("B again", &again)?;
    // And the rendered declaration equals the schema.
    let written = mayfly_schema::write::write(&migrated, false).to_string();
    let round = place.try_apply(&written).await.map_err(|error| format!("{error:?}\n{written}"))?;
    nothing(&format!("written out {written}"), &round)?;
    let mut fresh = Place::with(place.drop().await).await;
    fresh.try_apply(&b).await.map_err(|error| format!("B from nothing: {error:?}"))?;
    let made = fresh.read().await;
    let (migrated, made) = (essence(&migrated, &b), essence(&made, &b));
    if migrated != made {
        let odd = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|fact| !other.contains(fact)).cloned().collect()
        };
        let (more, less) = (odd(&migrated, &made), odd(&made, &migrated));
        return Err(format!("migrated has {more:#?}\ncreated has {less:#?}\n{:#?}", done.plan.steps));
    }
    Ok(fresh.drop().await)
}

fn nothing(what: &str, outcome: &ApplyOutcome) -> Result<(), String> {
    if outcome.plan.is_empty() { Ok(()) } else { Err(format!("{what}: {:#?}", outcome.plan.steps)) }
}

/// Runs many pairs, and collects the failures.
#[derive(Default)]
struct Pairs {
    client: Option<Client>,
    wrong: Vec<String>,
    count: usize,
}

impl Pairs {
    async fn migrate(&mut self, name: &str, a: &str, b: &str) {
        let client = match self.client.take() {
            Some(client) => client,
            None => client().await,
        };
        self.count += 1;
        match migrate(client, a, b).await {
            Ok(client) => self.client = Some(client),
            Err(wrong) => self.wrong.push(format!("{name}: {wrong}\n  A {a}\n  B {b}")),
        }
    }

    fn finish(self) {
        let Self { wrong, count, .. } = self;
        assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
        assert!(count >= 100, "only {count} pairs were found");
    }
}

/// Adds every required consent; returns the declaration with them, and its dry run.
async fn agree(place: &mut Place, b: &str) -> Result<(String, ApplyOutcome), SchemaError> {
    let first = place.try_dry_run(b).await?;
    if first.plan.consents().is_empty() {
        return Ok((b.to_owned(), first));
    }
    let mut declared: serde_json::Value = serde_json::from_str(b).unwrap();
    for consent in first.plan.consents() {
        // `tables.posts._drop`, or `tables["my posts"]._drop`.
        let path = consent.path.replace("[\"", ".").replace("\"]", "");
        let mut at = &mut declared;
        for name in path.split('.') {
            at = &mut at[name];
        }
        if at.is_null() {
            *at = serde_json::json!([]);
        }
        at.as_array_mut().unwrap().push(consent.add.into());
    }
    let agreed = declared.to_string();
    let proof = place.try_dry_run(&agreed).await?;
    Ok((agreed, proof))
}

fn cases(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/schema/corpus").join(file);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn types_change_both_ways() {
    run(async {
        let mut pairs = Pairs::default();
        for line in cases("types.txt") {
            let (from, to) = line.split_once("->").unwrap();
            let table = |ty: &str| {
                format!(
                    r#"{{"columns":{{"id":{{"type":"int","primaryKey":true}},"c":{{"type":{:?}}}}}}}"#,
                    ty.trim()
                )
            };
            pairs.migrate(&line, &table(from), &table(to)).await;
            pairs.migrate(&format!("back: {line}"), &table(to), &table(from)).await;
        }
        pairs.finish();
    });
}

#[test]
fn defaults_come_go_and_stay() {
    run(async {
        let mut pairs = Pairs::default();
        for line in cases("defaults.txt") {
            let (ty, default) = line.split_once('|').unwrap();
            let (ty, default) = (ty.trim(), default.trim());
            let plain = format!(r#"{{"columns":{{"c":{{"type":{ty:?}}}}}}}"#);
            let filled = format!(r#"{{"columns":{{"c":{{"type":{ty:?},"default":{default:?}}}}}}}"#);
            pairs.migrate(&line, &plain, &filled).await;
            pairs.migrate(&format!("back: {line}"), &filled, &plain).await;
        }
        pairs.finish();
    });
}

#[test]
fn structures_change_both_ways() {
    run(async {
        let mut pairs = Pairs::default();
        for file in [
            "tables.jsonl",
            "columns.jsonl",
            "constraints.jsonl",
            "indexes.jsonl",
            "policies.jsonl",
            "enums.jsonl",
        ] {
            for line in cases(file) {
                let case = Node::read(&line).unwrap_or_else(|error| panic!("{file}: {error}\n{line}"));
                let text =
                    |member: &str| case.get(member).unwrap_or_else(|| panic!("{member}: {line}")).to_string();
                let name = format!("{file} {}", text("name"));
                pairs.migrate(&name, &text("a"), &text("b")).await;
                // Renames have only the old name, so they cannot be reversed.
                if case.get("oneWay").is_none() {
                    pairs.migrate(&format!("back: {name}"), &text("b"), &text("a")).await;
                }
            }
        }
        pairs.finish();
    });
}
