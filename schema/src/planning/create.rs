//! A declaration as the statements that create it from nothing, each with the JSON path that it came from.

use crate::declare::dsl::{Check, Declared, DeclaredTable};
use crate::declare::parse::join_path;
use crate::plan::{Hazard, Step};
use crate::planning::render;
use crate::planning::seed_rows;
use crate::quote::identifier;

/// A statement and the JSON path of what it makes.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    pub(crate) step: Step,
    pub(crate) path: String,
    /// The table, when it is the table's own CREATE: that can be taken apart to find a mistake.
    pub(crate) table: Option<usize>,
}

/// What constraints without names are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// As PostgreSQL likes.
    AsDeclared,
    /// Checks and exclusions by their places, so that they can be told apart.
    All,
}

/// The name of the check or exclusion at that place of the declaration.
pub(crate) fn placeholder(kind: &str, table: usize, place: usize) -> String {
    format!("mayfly unnamed {kind} {table} {place}")
}

/// Enums, tables, references, indexes and policies: all that PostgreSQL has an opinion about.
pub(crate) fn structure(declared: &Declared, naming: Naming) -> Vec<Making> {
    let mut all = Vec::new();
    for (name, it) in &declared.enums {
        let step = Step::new(render::enumeration(name, &it.values), format!("create enum {name:?}"));
        all.push(Making { step, path: join_path("enums", name), table: None });
    }
    for (place, table) in declared.tables.iter().enumerate() {
        let naming = (naming == Naming::All).then_some(place);
        let step =
            Step::new(whole_table(table, naming), format!("create table {:?}", table.name)).on(&table.name);
        all.push(Making { step, path: join_path("tables", &table.name), table: Some(place) });
    }
    // A reference may rest on a unique index.
    for table in &declared.tables {
        all.extend(indexes(table));
    }
    for table in &declared.tables {
        all.extend(table.foreign_keys.iter().map(|key| {
            let clause = render::named(key.name.as_deref(), &render::foreign_key(key));
            let step = Step::new(
                render::alter(&table.name, &format!("ADD {clause}")),
                format!("let {:?} refer to {:?}", table.name, key.table),
            );
            Making { step: step.on(&table.name), path: key.path.clone(), table: None }
        }));
    }
    for table in &declared.tables {
        all.extend(policies(table));
    }
    all
}

/// What goes without saying to PostgreSQL: comments and rows.
pub(crate) fn contents(declared: &Declared) -> Vec<Making> {
    let mut all = Vec::new();
    for table in &declared.tables {
        let path = join_path("tables", &table.name);
        let on = identifier(&table.name);
        let mut comment = |target: String, text: &Option<String>| {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                let step = Step::new(render::comment(&target, Some(text)), format!("comment on {target}"));
                all.push(Making { step: step.on(&table.name), path: path.clone(), table: None });
            }
        };
        comment(format!("TABLE {on}"), &table.comment);
        for column in &table.columns {
            comment(format!("COLUMN {on}.{}", identifier(&column.name)), &column.comment);
        }
    }
    for table in seed_rows::in_order(declared) {
        let path = join_path(&join_path("tables", &table.name), "_seed");
        let steps = seed_rows::steps(table).into_iter();
        all.extend(steps.map(|step| Making { step, path: path.clone(), table: None }));
    }
    all
}

fn whole_table(table: &DeclaredTable, naming: Option<usize>) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(render::column).collect();
    parts.extend(constraints(table, naming).into_iter().map(|(clause, _)| clause));
    if parts.is_empty() {
        return format!("CREATE TABLE {} ()", identifier(&table.name));
    }
    format!("CREATE TABLE {} (\n    {}\n)", identifier(&table.name), parts.join(",\n    "))
}

/// Keys, checks and exclusions, with their paths. With the table's place, those that have no name get one.
fn constraints(table: &DeclaredTable, naming: Option<usize>) -> Vec<(String, String)> {
    let path = join_path("tables", &table.name);
    let primary = table.primary_key.iter().map(|key| {
        (render::named(key.name.as_deref(), &render::primary_key(key)), join_path(&path, "primaryKey"))
    });
    let uniques = table
        .uniques
        .iter()
        .map(|key| (render::named(key.name.as_deref(), &render::unique(key)), join_path(&path, "uniques")));
    let name = |kind: &str, place: usize, check: &Check| {
        check.name.clone().or_else(|| naming.map(|table| placeholder(kind, table, place)))
    };
    let checks = table.checks.iter().enumerate().map(|(place, check)| {
        let clause = format!("CHECK ({})", check.expression);
        (render::named(name("check", place, check).as_deref(), &clause), check.path.clone())
    });
    let exclusions = table.exclusions.iter().enumerate().map(|(place, exclusion)| {
        let clause = format!("EXCLUDE {}", exclusion.expression);
        (render::named(name("exclusion", place, exclusion).as_deref(), &clause), exclusion.path.clone())
    });
    primary.chain(uniques).chain(checks).chain(exclusions).collect()
}

/// The table in small statements, to find the part that PostgreSQL refuses.
pub(crate) fn in_pieces(table: &DeclaredTable) -> Vec<(String, String)> {
    let path = join_path(&join_path("tables", &table.name), "columns");
    let mut pieces = vec![(format!("CREATE TABLE {} ()", identifier(&table.name)), path.clone())];
    let (computed, plain): (Vec<_>, Vec<_>) =
        table.columns.iter().partition(|column| column.generated.is_some());
    for column in plain {
        let at = join_path(&path, &column.name);
        let name = identifier(&column.name);
        let mut piece = |action: String, member: &str| {
            pieces.push((render::alter(&table.name, &action), join_path(&at, member)));
        };
        piece(format!("ADD COLUMN {name} {}", column.ty), "type");
        if let Some(collation) = &column.collation {
            let action = format!("ALTER COLUMN {name} TYPE {}", render::typed(&column.ty, Some(collation)));
            piece(action, "collation");
        }
        if let Some(default) = &column.default {
            piece(format!("ALTER COLUMN {name} SET DEFAULT {}", render::operand(default.sql())), "default");
        }
        if let Some(identity) = column.identity {
            piece(format!("ALTER COLUMN {name} SET NOT NULL"), "identity");
            piece(format!("ALTER COLUMN {name} ADD {}", render::generated_as(identity)), "identity");
        }
    }
    for column in computed {
        let at = join_path(&join_path(&path, &column.name), "generated");
        pieces.push((render::alter(&table.name, &format!("ADD COLUMN {}", render::column(column))), at));
    }
    for (clause, at) in constraints(table, None) {
        pieces.push((render::alter(&table.name, &format!("ADD {clause}")), at));
    }
    pieces
}

fn indexes(table: &DeclaredTable) -> Vec<Making> {
    let path = join_path(&join_path("tables", &table.name), "indexes");
    let each = table.indexes.iter().flatten().map(|index| {
        let sql = render::index(&table.name, index, false);
        let step = Step::new(sql, format!("create index {:?} on {:?}", index.name, table.name));
        Making { step: step.on(&table.name), path: join_path(&path, &index.name), table: None }
    });
    each.collect()
}

fn policies(table: &DeclaredTable) -> Vec<Making> {
    let Some(rls) = &table.rls else { return Vec::new() };
    let path = join_path(&join_path("tables", &table.name), "rls");
    let mut all = Vec::new();
    let mut push = |sql: String, description: String, path: String| {
        let step = Step::new(sql, description).on(&table.name).with(&[Hazard::ChangesAccess]);
        all.push(Making { step, path, table: None });
    };
    if rls.enabled {
        let sql = render::alter(&table.name, "ENABLE ROW LEVEL SECURITY");
        push(sql, format!("enable row-level security on {:?}", table.name), path.clone());
    }
    if rls.forced {
        let sql = render::alter(&table.name, "FORCE ROW LEVEL SECURITY");
        push(sql, format!("force row-level security on {:?} for its owner too", table.name), path.clone());
    }
    for (name, policy) in &rls.policies {
        let description = format!("create policy {name:?} on {:?}", table.name);
        push(
            render::policy(&table.name, name, policy),
            description,
            join_path(&join_path(&path, "policies"), name),
        );
    }
    all
}
