//! A declaration as TypeScript: a type for the rows of every table, as `ctx.db` gives them.

use crate::dsl::{Column, Declared, Table};
use crate::parse::canonical_type;

/// The text of a `.d.ts` file.
pub fn render(declared: &Declared) -> String {
    let mut text = String::from(
        "// Rows as `ctx.db.query` gives them. Written by `mayfly types`; write it again after a change of the schema.\n",
    );
    text.push_str(
        "\nexport type Json = null | boolean | number | string | Json[] | { [key: string]: Json };\n",
    );
    for (name, it) in &declared.enums {
        let values: Vec<String> = it.values.iter().map(|value| format!("{value:?}")).collect();
        let union = if values.is_empty() { "never".to_owned() } else { values.join(" | ") };
        text.push_str(&format!("\nexport type {} = {union};\n", type_name(name)));
    }
    for table in &declared.tables {
        text.push_str(&interface(table, declared));
    }
    text.push_str("\n/** Every table's rows by the table's name. */\nexport interface Tables {\n");
    for table in &declared.tables {
        text.push_str(&format!("  {}: {};\n", member(&table.name), type_name(&table.name)));
    }
    text.push_str("}\n");
    text
}

fn interface(table: &Table, declared: &Declared) -> String {
    let mut text = String::from("\n");
    comment(&mut text, table.comment.as_deref(), "");
    text.push_str(&format!("export interface {} {{\n", type_name(&table.name)));
    for column in &table.columns {
        comment(&mut text, column.comment.as_deref(), "  ");
        text.push_str(&format!("  {}: {};\n", member(&column.name), column_type(column, declared)));
    }
    text.push_str("}\n");
    text
}

fn comment(text: &mut String, comment: Option<&str>, indent: &str) {
    if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
        let one_line = comment.replace("*/", "* /").replace(['\n', '\r'], " ");
        text.push_str(&format!("{indent}/** {one_line} */\n"));
    }
}

fn column_type(column: &Column, declared: &Declared) -> String {
    let canonical = canonical_type(&column.ty);
    let (bare, is_array) = match canonical.strip_suffix("[]") {
        Some(bare) => (bare.to_owned(), true),
        None => (canonical, false),
    };
    let mut ty = scalar(&bare, declared);
    if is_array {
        // An element may be NULL, whatever the column says.
        ty = format!("({ty} | null)[]");
    }
    let is_numbered = bare.ends_with("serial") || column.identity.is_some();
    if column.nullable && !is_numbered { format!("{ty} | null") } else { ty }
}

fn scalar(ty: &str, declared: &Declared) -> String {
    let unquoted = ty.trim_matches('"').replace("\"\"", "\"");
    if declared.enums.contains_key(&unquoted) {
        return type_name(&unquoted);
    }
    let name = ty.split('(').next().unwrap_or(ty).trim();
    match name {
        "smallint" | "integer" | "serial" | "smallserial" | "real" | "double precision" | "oid" => "number",
        // A number as long as it is a safe one, a string beyond.
        "bigint" | "bigserial" => "number | string",
        "boolean" => "boolean",
        "json" | "jsonb" => "Json",
        "bytea" => "Uint8Array",
        "timestamp" | "timestamp without time zone" | "timestamp with time zone" => "Date",
        _ => "string",
    }
    .to_owned()
}

/// `order items` becomes `OrderItems`.
fn type_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut joined: String = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect();
    if joined.is_empty() || joined.starts_with(|c: char| c.is_numeric()) {
        joined.insert(0, '_');
    }
    joined
}

fn member(name: &str) -> String {
    let is_plain = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if is_plain { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::Rules;

    #[test]
    fn a_table_becomes_an_interface() {
        let declared = Declared::read(
            r#"{"tables":{"order items":{"comment":"What */ is in it","columns":{
                "id":{"type":"bigserial","primaryKey":true},"title":{"type":"varchar(20)","nullable":false},"at":"timestamptz",
                "tags":"text[]","state":{"type":"state","nullable":false},"extra data":"jsonb","price":"numeric(10,2)"}}},
                "enums":{"state":["open","it's done"]}}"#,
            &Rules::default(),
        )
        .unwrap();
        let text = render(&declared);
        for line in [
            "export type State = \"open\" | \"it's done\";",
            "/** What * / is in it */",
            "export interface OrderItems {",
            "  id: number | string;",
            "  title: string;",
            "  at: Date | null;",
            "  tags: (string | null)[] | null;",
            "  state: State;",
            "  \"extra data\": Json | null;",
            "  price: string | null;",
            "  \"order items\": OrderItems;",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
