//! Writes a catalogue as a declaration: what `get` shows, and what can be applied again as it is.

use crate::catalog::{Catalog, Column, Constraint, ConstraintBody, Table};
use crate::declare::dsl::{Action, Deferral, ForeignKey, IdentityKind, Index, Key, KeyTarget, Policy, Rls};
use crate::declare::node::Node;

type Members = Vec<(String, Node)>;

/// The declaration. A `whole` one also says where there are no indexes, policies and comments: applied, it takes
/// away what came since.
pub fn write(catalog: &Catalog, whole: bool) -> Node {
    let tables = catalog.tables.values().map(|it| (it.name.clone(), table(it, whole))).collect();
    let mut members = vec![("tables".to_owned(), Node::Object(tables))];
    if !catalog.enums.is_empty() {
        let enums =
            catalog.enums.iter().map(|(name, values)| (name.clone(), values.as_slice().into())).collect();
        members.push(("enums".to_owned(), Node::Object(enums)));
    }
    Node::Object(members)
}

fn put(members: &mut Members, name: &str, value: impl Into<Node>) {
    members.push((name.to_owned(), value.into()));
}

fn table(table: &Table, whole: bool) -> Node {
    let columns = table.columns.iter().map(|it| (it.name.clone(), column(table, it, whole))).collect();
    let mut members = vec![("columns".to_owned(), Node::Object(columns))];
    let rest: Vec<&Constraint> =
        table.constraints.values().filter(|it| at_column(table, it).is_none()).collect();
    let mut group = |member: &str, of: &dyn Fn(&Constraint) -> Option<Node>| {
        let found: Members = rest.iter().filter_map(|it| Some((it.name.clone(), of(it)?))).collect();
        if !found.is_empty() {
            put(&mut members, member, Node::Object(found));
        }
    };
    group("uniques", &|it| match &it.body {
        ConstraintBody::Unique(it) => Some(key(it, None)),
        _ => None,
    });
    group("checks", &|it| match &it.body {
        ConstraintBody::Check(text) => Some(text.shown().into()),
        _ => None,
    });
    group("foreignKeys", &|it| match &it.body {
        ConstraintBody::Foreign(it, _) => Some(foreign_key(it)),
        _ => None,
    });
    group("exclusions", &|it| match &it.body {
        ConstraintBody::Exclusion(text) => Some(text.shown().into()),
        _ => None,
    });
    if let Some((name, ConstraintBody::Primary(it))) = rest
        .iter()
        .find(|it| matches!(it.body, ConstraintBody::Primary(_)))
        .map(|constraint| (&constraint.name, &constraint.body))
    {
        let name = (*name != format!("{}_pkey", table.name)).then_some(name.as_str());
        members.insert(1, ("primaryKey".to_owned(), key(it, name)));
    }
    if whole || !table.indexes.is_empty() {
        let valid = table.indexes.values().filter(|it| it.valid);
        let indexes = valid.map(|it| (it.index.name.clone(), index(&it.index))).collect();
        put(&mut members, "indexes", Node::Object(indexes));
    }
    if whole || table.rls != Rls::default() {
        put(&mut members, "rls", rls(&table.rls));
    }
    comment(&mut members, table.comment.as_deref(), whole);
    Node::Object(members)
}

fn comment(members: &mut Members, comment: Option<&str>, whole: bool) {
    if whole || comment.is_some() {
        put(members, "comment", comment.unwrap_or_default());
    }
}

fn column(table: &Table, column: &Column, whole: bool) -> Node {
    let mut members = Members::new();
    put(&mut members, "type", column.declared_type());
    let mine = |it: &&Constraint| at_column(table, it) == Some(column.name.as_str());
    let (mut is_key, mut is_unique, mut reference) = (false, false, None);
    for constraint in table.constraints.values().filter(mine) {
        match &constraint.body {
            ConstraintBody::Primary(_) => is_key = true,
            ConstraintBody::Unique(_) => is_unique = true,
            ConstraintBody::Foreign(key, _) => reference = Some(key),
            ConstraintBody::Check(_) | ConstraintBody::Exclusion(_) => {}
        }
    }
    if is_key {
        put(&mut members, "primaryKey", true);
    } else if !column.nullable && !table.key_columns().contains(&column.name) {
        put(&mut members, "nullable", false);
    }
    for (name, value) in [("default", &column.default), ("generated", &column.generated)] {
        if let Some(text) = value {
            put(&mut members, name, text.shown());
        }
    }
    if let Some(collation) = &column.collation {
        put(&mut members, "collation", collation.as_str());
    }
    match column.identity {
        Some(IdentityKind::Always) => put(&mut members, "identity", "always"),
        Some(IdentityKind::ByDefault) => put(&mut members, "identity", "by default"),
        None => {}
    }
    if is_unique {
        put(&mut members, "unique", true);
    }
    if let Some(key) = reference {
        put(&mut members, "references", short_reference(key));
    }
    comment(&mut members, column.comment.as_deref(), whole);
    Node::Object(members)
}

/// The column at which a constraint can be written: one column, no extras, and PostgreSQL's own name.
fn at_column<'a>(table: &Table, constraint: &'a Constraint) -> Option<&'a str> {
    let [column] = constraint.columns() else { return None };
    let (is_plain, name) = match &constraint.body {
        ConstraintBody::Primary(key) => (is_plain(key), format!("{}_pkey", table.name)),
        ConstraintBody::Unique(key) => (is_plain(key), format!("{}_{column}_key", table.name)),
        ConstraintBody::Foreign(key, _) => {
            let is_plain = key.references.len() == 1 && key.on_delete_columns.is_empty();
            (is_plain, format!("{}_{column}_fkey", table.name))
        }
        ConstraintBody::Check(_) | ConstraintBody::Exclusion(_) => return None,
    };
    (is_plain && constraint.name == name).then_some(column)
}

fn is_plain(key: &Key) -> bool {
    key.include.is_empty() && !key.nulls_not_distinct && key.deferral == Deferral::Never
}

fn key(key: &Key, name: Option<&str>) -> Node {
    if is_plain(key) && name.is_none() {
        return key.columns.as_slice().into();
    }
    let mut members = Members::new();
    if let Some(name) = name {
        put(&mut members, "name", name);
    }
    put(&mut members, "columns", key.columns.as_slice());
    if !key.include.is_empty() {
        put(&mut members, "include", key.include.as_slice());
    }
    if key.nulls_not_distinct {
        put(&mut members, "nullsNotDistinct", true);
    }
    deferral(&mut members, key.deferral);
    Node::Object(members)
}

fn deferral(members: &mut Members, deferral: Deferral) {
    match deferral {
        Deferral::Never => {}
        Deferral::Deferrable => put(members, "deferrable", true),
        Deferral::Deferred => put(members, "deferrable", "initially deferred"),
    }
}

fn short_reference(key: &ForeignKey) -> Node {
    let column = key.references.first().map(String::as_str).unwrap_or_default();
    let options = reference_options(key);
    if options.is_empty() && key.schema.is_none() && !key.table.contains('.') && !column.contains('.') {
        return format!("{}.{column}", key.table).as_str().into();
    }
    let mut members = reference_target(key);
    put(&mut members, "column", column);
    members.extend(options);
    Node::Object(members)
}

fn foreign_key(key: &ForeignKey) -> Node {
    let mut members = Members::new();
    put(&mut members, "columns", key.columns.as_slice());
    members.extend(reference_target(key));
    put(&mut members, "references", key.references.as_slice());
    members.extend(reference_options(key));
    Node::Object(members)
}

fn reference_target(key: &ForeignKey) -> Members {
    let mut members = Members::new();
    if let Some(schema) = &key.schema {
        put(&mut members, "schema", schema.as_str());
    }
    put(&mut members, "table", key.table.as_str());
    members
}

fn reference_options(key: &ForeignKey) -> Members {
    let mut members = Members::new();
    for (name, action) in [("onDelete", key.on_delete), ("onUpdate", key.on_update)] {
        if action != Action::NoAction {
            put(&mut members, name, action.as_str());
        }
    }
    if !key.on_delete_columns.is_empty() {
        put(&mut members, "onDeleteColumns", key.on_delete_columns.as_slice());
    }
    if key.match_full {
        put(&mut members, "match", "FULL");
    }
    deferral(&mut members, key.deferral);
    members
}

fn index(index: &Index) -> Node {
    let mut members = Members::new();
    let keys = index.keys.iter().map(|key| {
        let is_plain =
            key.collation.is_none() && key.opclass.is_none() && !key.descending && key.nulls_first.is_none();
        let mut members = Members::new();
        match &key.target {
            KeyTarget::Column(name) if is_plain => return name.as_str().into(),
            KeyTarget::Column(name) => put(&mut members, "column", name.as_str()),
            KeyTarget::Expression(text) => put(&mut members, "expression", text.shown()),
        }
        for (name, value) in [("collation", &key.collation), ("opclass", &key.opclass)] {
            if let Some(text) = value {
                put(&mut members, name, text.as_str());
            }
        }
        if key.descending {
            put(&mut members, "order", "desc");
        }
        if let Some(first) = key.nulls_first {
            put(&mut members, "nulls", if first { "first" } else { "last" });
        }
        Node::Object(members)
    });
    put(&mut members, "columns", Node::List(keys.collect()));
    if index.unique {
        put(&mut members, "unique", true);
    }
    if let Some(method) = index.method.as_deref().filter(|method| *method != "btree") {
        put(&mut members, "method", method);
    }
    if let Some(predicate) = &index.predicate {
        put(&mut members, "where", predicate.shown());
    }
    if !index.include.is_empty() {
        put(&mut members, "include", index.include.as_slice());
    }
    if index.nulls_not_distinct {
        put(&mut members, "nullsNotDistinct", true);
    }
    if !index.parameters.is_empty() {
        let pairs = index.parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        put(&mut members, "with", Node::Object(pairs.collect()));
    }
    Node::Object(members)
}

fn rls(rls: &Rls) -> Node {
    let mut members = Members::new();
    put(&mut members, "enabled", rls.enabled);
    put(&mut members, "forced", rls.forced);
    if !rls.policies.is_empty() {
        let policies = rls.policies.iter().map(|(name, it)| (name.clone(), policy(it))).collect();
        put(&mut members, "policies", Node::Object(policies));
    }
    Node::Object(members)
}

fn policy(policy: &Policy) -> Node {
    let mut members = Members::new();
    put(&mut members, "command", policy.command.as_str());
    let roles: Vec<&String> = policy.roles.iter().collect();
    match roles.as_slice() {
        [role] => put(&mut members, "role", role.as_str()),
        roles => put(&mut members, "roles", Node::from(roles)),
    }
    for (name, value) in [("using", &policy.using), ("check", &policy.check)] {
        if let Some(text) = value {
            put(&mut members, name, text.shown());
        }
    }
    if policy.restrictive {
        put(&mut members, "restrictive", true);
    }
    Node::Object(members)
}
