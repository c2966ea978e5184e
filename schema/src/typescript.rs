//! A declaration as TypeScript: a type for the rows of every table, as `ctx.db` gives them.

mod names;
mod values;

use crate::declare::dsl::{Declared, DeclaredTable};
use names::{Names, quoted};

const HEAD: &str = "\
// Rows as `ctx.db.query` gives them. Written by `mayfly types`; write it again after a change of the schema.
// Of timestamps, `infinity` and `-infinity` arrive as the numbers, and arrays may be nested.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
";

/// The text of a `.d.ts` file.
pub fn render(declared: &Declared) -> String {
    let names = Names::of(declared);
    let mut text = String::from(HEAD);
    for (name, it) in &declared.enums {
        let values: Vec<String> = it.values.iter().map(|value| quoted(value)).collect();
        let union = if values.is_empty() { "never".to_owned() } else { values.join(" | ") };
        text.push_str(&format!("\nexport type {} = {union};\n", names.of_enum(name)));
    }
    for table in &declared.tables {
        interface(table, declared, &names, &mut text);
    }
    text.push_str("\n/** Every table's rows by the table's name. */\nexport interface Tables {\n");
    for table in &declared.tables {
        text.push_str(&format!("  {}: {};\n", names::member(&table.name), names.of_table(&table.name)));
    }
    text.push_str("}\n");
    text
}

fn interface(table: &DeclaredTable, declared: &Declared, names: &Names, text: &mut String) {
    text.push('\n');
    comment(text, table.comment.as_deref(), "");
    text.push_str(&format!("export interface {} {{\n", names.of_table(&table.name)));
    for column in &table.columns {
        comment(text, column.comment.as_deref(), "  ");
        let ty = values::of(column, declared, names);
        text.push_str(&format!("  {}: {ty};\n", names::member(&column.name)));
    }
    text.push_str("}\n");
}

fn comment(text: &mut String, comment: Option<&str>, indent: &str) {
    if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
        let one_line = comment.replace("*/", "* /").replace(['\n', '\r'], " ");
        text.push_str(&format!("{indent}/** {one_line} */\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::parse::Rules;

    fn rendered(schema: &str) -> String {
        render(&Declared::read(schema, &Rules::default()).unwrap())
    }

    #[test]
    fn a_table_becomes_an_interface() {
        let text = rendered(
            r#"{"tables":{"order items":{"comment":"What */ is in it","columns":{
                "id":{"type":"bigserial","primaryKey":true},"title":{"type":"varchar(20)","nullable":false},"at":"timestamptz",
                "tags":"text[]","state":{"type":"state","nullable":false},"states":"state[]","extra data":"jsonb",
                "price":"numeric(10,2)","odd":"some_domain","boxes":"box[]"}}},
                "enums":{"state":["open","it's \"done\""]}}"#,
        );
        for line in [
            "export type State = \"open\" | \"it's \\\"done\\\"\";",
            "/** What * / is in it */",
            "export interface OrderItems {",
            "  id: number | string;",
            "  title: string;",
            "  at: Date | null;",
            "  tags: (string | null)[] | null;",
            "  state: State;",
            "  states: string | null;",
            "  \"extra data\": Json | null;",
            "  price: string | null;",
            "  odd: unknown;",
            "  boxes: string | null;",
            "  \"order items\": OrderItems;",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn no_two_types_have_one_name() {
        let text = rendered(
            r#"{"enums":{"a b":["x"]},"tables":{"a_b":{"columns":{"v":"a b"}},"A.B":{"columns":{}},"json":{"columns":{}},"date":{"columns":{"d":"timestamptz"}},
                "tables":{"columns":{}},"²":{"columns":{}},"1":{"columns":{}},"__proto__":{"columns":{}},"Größe":{"columns":{}}}}"#,
        );
        for line in [
            "export type AB = \"x\";",
            "export interface ABRow {\n  v: AB | null;",
            "export interface ABRow2 {",
            "export interface JsonRow {",
            "export interface DateRow {\n  d: Date | null;",
            "export interface TablesRow {",
            "export interface Row {",
            "export interface _1 {",
            "export interface Proto {",
            "export interface Größe {",
            "  \"A.B\": ABRow2;",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
