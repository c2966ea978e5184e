//! `manage_schema`: the declared schema of an app's database.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_schema",
    title: "Manage Schema",
    description: DESCRIPTION,
    hints: Hints { read_only: false, destructive: true, idempotent: true, open_world: false },
    actions: &[
        ToolAction::new("get", RouteId::SchemaGet),
        ToolAction::new("apply", RouteId::SchemaApply).hiding(&["dry_run"]),
        ToolAction::new("dry_run", RouteId::SchemaApply)
            .hiding(&["dry_run", "name", "online"])
            .always("dry_run"),
        ToolAction::new("list_migrations", RouteId::MigrationsList),
        ToolAction::new("rollback", RouteId::SchemaRollback),
    ],
    words: &[
        ("schema", "apply, dry_run: the whole declaration, { tables: { ... } }."),
        ("name", "apply, rollback: a name for the record."),
        ("online", "apply: builds indexes without locking writers out."),
        ("id", "rollback: the migration whose schema is wanted."),
        ("dry_run", "rollback: only shows what would be done."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Reads the database schema, brings it to a declaration, previews that, and shows what was done before.

Actions, each with app_id
  get                            the schema (tables, columns, indexes) and api_base
  apply        { schema, name? } compares the declaration with what is there, and runs the DDL
  dry_run      { schema }        the SQL that apply would run, changing nothing
  list_migrations                what was applied, newest first
  rollback     { id, dry_run? }  goes back to the schema of a migration

A declaration
  { tables: { posts: { columns: {
      id:         { type: "uuid", primaryKey: true, default: "gen_random_uuid()" },
      title:      { type: "text", nullable: false },
      author_id:  { type: "uuid", references: { table: "users", column: "id", onDelete: "CASCADE" } },
      created_at: { type: "timestamptz", default: "now()" } } } } }

apply is safe to repeat: a schema that is there already answers "Schema is up to date". What would destroy data needs consent:
_drop: true in the table (or its name in a top-level _drop list), _dropColumns: [names] in the table.
Errors: VALIDATION_INVALID_SCHEMA with the path of the mistake; STATE_PREREQUISITE_MISSING: add the _drop or _dropColumns that it
lists; QUOTA_TABLE_LIMIT: at most 50 tables; RESOURCE_NOT_FOUND: there is no such app."#;
