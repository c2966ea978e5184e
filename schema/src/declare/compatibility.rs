//! Compatibility: whether code that was written for one state of a schema works with another.

use crate::declare::dsl::{Declared, DeclaredColumn, DeclaredTable};
use crate::declare::parse::canonical_type;

/// What of `then` is gone or different `now`, in one sentence each. What was only added is none of it: code that
/// does not know of it gets along.
pub fn misfits(then: &Declared, now: &Declared) -> Vec<String> {
    let mut found = Vec::new();
    for table in &then.tables {
        match now.table(&table.name) {
            None => found.push(format!("table {:?} is gone", table.name)),
            Some(other) => columns(table, other, &mut found),
        }
    }
    for (name, it) in &then.enums {
        let Some(other) = now.enums.get(name) else { continue };
        for value in it.values.iter().filter(|value| !other.values.contains(value)) {
            found.push(format!("value {value:?} of enum {name:?} is gone"));
        }
    }
    found
}

fn columns(then: &DeclaredTable, now: &DeclaredTable, found: &mut Vec<String>) {
    for column in &then.columns {
        let Some(other) = now.columns.iter().find(|it| it.name == column.name) else {
            found.push(format!("column {:?} of {:?} is gone", column.name, then.name));
            continue;
        };
        let [was, is] = [column, other].map(|it| stored_type(&it.ty));
        if was != is {
            found.push(format!("column {:?} of {:?} is {is}, it was {was}", column.name, then.name));
        }
    }
    for column in now.columns.iter().filter(|column| must_be_given(column)) {
        let before = then.columns.iter().find(|it| it.name == column.name);
        if !before.is_some_and(must_be_given) {
            found.push(format!("column {:?} of {:?} must be given a value", column.name, then.name));
        }
    }
}

/// A row that leaves it out is refused.
fn must_be_given(column: &DeclaredColumn) -> bool {
    let gives_itself = column.default.is_some()
        || column.generated.is_some()
        || column.identity.is_some()
        || canonical_type(&column.ty).ends_with("serial");
    !column.nullable && !gives_itself
}

/// A serial is an integer with a default.
fn stored_type(ty: &str) -> String {
    let canonical = canonical_type(ty);
    match canonical.as_str() {
        "smallserial" => "smallint".to_owned(),
        "serial" => "integer".to_owned(),
        "bigserial" => "bigint".to_owned(),
        _ => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::parse::Rules;

    fn read(schema: &str) -> Declared {
        Declared::read(schema, &Rules::default()).unwrap()
    }

    #[test]
    fn what_is_gone_or_different_is_named_and_what_is_new_is_not() {
        let then = read(
            r#"{"enums":{"state":["open","shut"]},"tables":{"a":{"columns":{"id":"serial","x":"int","y":"text"}},"b":{"columns":{"z":"int"}}}}"#,
        );
        assert_eq!(misfits(&then, &then), Vec::<String>::new());
        let now = read(
            r#"{"enums":{"state":["open","new"]},"tables":{"a":{"columns":{"id":"integer","x":"bigint","more":"int",
                "need":{"type":"int","nullable":false},"have":{"type":"int","nullable":false,"default":1}}},"c":{"columns":{}}}}"#,
        );
        assert_eq!(
            misfits(&then, &now),
            [
                r#"column "x" of "a" is bigint, it was integer"#,
                r#"column "y" of "a" is gone"#,
                r#"column "need" of "a" must be given a value"#,
                r#"table "b" is gone"#,
                r#"value "shut" of enum "state" is gone"#,
            ]
        );
    }

    #[test]
    fn code_that_knew_nothing_fits_everywhere() {
        let nothing = read(r#"{"tables":{}}"#);
        let now = read(r#"{"tables":{"a":{"columns":{"x":{"type":"int","nullable":false}}}}}"#);
        assert_eq!(misfits(&nothing, &now), Vec::<String>::new());
        assert_eq!(misfits(&now, &nothing), [r#"table "a" is gone"#]);
    }
}
