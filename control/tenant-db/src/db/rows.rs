//! Rows as JSON, written as they arrive: one text that the guest's own parser reads.

mod array;
mod column;
mod time;
mod value;

use bytes::Bytes;
use mayfly_runtime::providers::{BigintMode, ResultSet, RowShape};
use tokio_postgres::types::Type;

use self::column::Column;
use self::value::write_string;
use super::limits::DbLimits;
use crate::wire::{Field, RowSink, Values, WireError};

/// Collects one result.
pub(super) struct JsonRows {
    /// `{"rows":[` and the rows so far.
    json: Vec<u8>,
    columns: Vec<Column>,
    fields: Vec<Field>,
    bigint: BigintMode,
    shape: RowShape,
    rows: usize,
    rows_max: usize,
    bytes: usize,
    bytes_max: usize,
}

impl JsonRows {
    pub(super) fn new(bigint: BigintMode, shape: RowShape, limits: &DbLimits) -> Self {
        Self {
            json: b"{\"rows\":[".to_vec(),
            columns: Vec::new(),
            fields: Vec::new(),
            bigint,
            shape,
            rows: 0,
            rows_max: limits.rows_max,
            bytes: 0,
            bytes_max: limits.result_bytes_max,
        }
    }

    /// The whole result, given what PostgreSQL called the statement in the end.
    pub(super) fn finish(mut self, command_tag: &str) -> ResultSet {
        let count = row_count(command_tag).map_or_else(|| "null".to_owned(), |count| count.to_string());
        self.json.extend_from_slice(b"],\"rowCount\":");
        self.json.extend_from_slice(count.as_bytes());
        self.json.extend_from_slice(b",\"fields\":[");
        for (index, field) in self.fields.iter().enumerate() {
            separate(index, &mut self.json);
            self.json.extend_from_slice(b"{\"name\":");
            write_string(field.name.as_bytes(), &mut self.json);
            self.json.extend_from_slice(b",\"type\":");
            write_string(type_name(field.type_oid).as_bytes(), &mut self.json);
            self.json.push(b'}');
        }
        let mut before: &[u8] = b"],\"revive\":[";
        let revived = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(number, column)| Some((number, column, column.reviver()?)));
        for (number, column, reviver) in revived {
            self.json.extend_from_slice(before);
            before = b",";
            self.json.push(b'[');
            match self.shape {
                RowShape::Object => self.json.extend_from_slice(column.quoted_name()),
                RowShape::Array => self.json.extend_from_slice(number.to_string().as_bytes()),
            }
            self.json.extend_from_slice(b",\"");
            self.json.extend_from_slice(reviver.as_bytes());
            self.json.extend_from_slice(b"\"]");
        }
        self.json.extend_from_slice(b"]}");
        ResultSet { json: self.json }
    }

    fn write_row(&mut self, row: Bytes) -> Result<(), WireError> {
        separate(self.rows, &mut self.json);
        self.rows += 1;
        let is_object = self.shape == RowShape::Object;
        self.json.push(if is_object { b'{' } else { b'[' });
        let mut values = Values::of(row)?;
        let mut written = 0;
        for column in &mut self.columns {
            let value = values.next()?.ok_or(WireError::Protocol("a row has too few values"))?;
            if column.is_shadowed() {
                continue;
            }
            separate(written, &mut self.json);
            written += 1;
            if is_object {
                self.json.extend_from_slice(column.quoted_name());
                self.json.push(b':');
            }
            column.write(value.as_deref(), &mut self.json);
        }
        self.json.push(if is_object { b'}' } else { b']' });
        Ok(())
    }
}

impl RowSink for JsonRows {
    fn fields(&mut self, fields: Vec<Field>) {
        self.columns = fields
            .iter()
            .enumerate()
            .map(|(index, field)| {
                // An object has one member of a name: the last one, as in every client.
                let shadowed = self.shape == RowShape::Object
                    && fields[index + 1..].iter().any(|later| later.name == field.name);
                Column::new(&field.name, field.type_oid, self.bigint, shadowed)
            })
            .collect();
        self.fields = fields;
    }

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        if self.rows == self.rows_max {
            return Err(WireError::TooLarge("the result has more rows than allowed; use LIMIT"));
        }
        self.bytes += row.len();
        self.write_row(row)?;
        // JSON may be longer than what came in: a control character becomes six.
        if self.bytes > self.bytes_max || self.json.len() > self.bytes_max.saturating_mul(2) {
            return Err(WireError::TooLarge("the result has more bytes than allowed; select less"));
        }
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        self.bytes_max.saturating_sub(self.bytes)
    }
}

fn separate(index: usize, json: &mut Vec<u8>) {
    if index > 0 {
        json.push(b',');
    }
}

/// `INSERT 0 3` is 3; `EXPLAIN` has none.
fn row_count(command_tag: &str) -> Option<u64> {
    command_tag.rsplit(' ').next()?.parse().ok()
}

/// A built-in type's name; other types have only a number here.
fn type_name(oid: u32) -> String {
    Type::from_oid(oid).map_or_else(|| oid.to_string(), |known| known.name().to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut as _, BytesMut};

    use super::*;

    fn row(values: &[Option<&str>]) -> Bytes {
        let mut row = BytesMut::new();
        row.put_u16(values.len() as u16);
        for value in values {
            match value {
                None => row.put_i32(-1),
                Some(text) => {
                    row.put_i32(text.len() as i32);
                    row.put_slice(text.as_bytes());
                }
            }
        }
        row.freeze()
    }

    fn json(fields: &[(&str, Type)], values: &[Option<&str>], bigint: BigintMode) -> serde_json::Value {
        let mut rows = JsonRows::new(bigint, RowShape::Object, &DbLimits::default());
        rows.fields(
            fields
                .iter()
                .map(|(name, kind)| Field { name: (*name).to_owned(), type_oid: kind.oid() })
                .collect(),
        );
        rows.row(row(values)).unwrap();
        serde_json::from_slice(&rows.finish("SELECT 1").json).unwrap()
    }

    #[test]
    fn a_row_of_everything() {
        let fields = [
            ("b", Type::BOOL),
            ("i", Type::INT4),
            ("l", Type::INT8),
            ("big", Type::INT8),
            ("f", Type::FLOAT8),
            ("n", Type::NUMERIC),
            ("t", Type::TEXT),
            ("j", Type::JSONB),
            ("ts", Type::TIMESTAMPTZ),
            ("d", Type::DATE),
            ("x", Type::BYTEA),
            ("null", Type::TEXT),
        ];
        let values = [
            Some("t"),
            Some("-5"),
            Some("9007199254740991"),
            Some("9007199254740992"),
            Some("1e+20"),
            Some("1.50"),
            Some("q\"\u{1}\u{1f600}"),
            Some("{\"a\": [1, null]}"),
            Some("2023-11-14 22:13:20.123456+00"),
            Some("2023-11-14"),
            Some("\\x00ff"),
            None,
        ];
        let result = json(&fields, &values, BigintMode::Auto);
        assert_eq!(
            result["rows"][0],
            serde_json::json!({
                "b": true, "i": -5, "l": 9_007_199_254_740_991_i64, "big": "9007199254740992", "f": 1e20,
                "n": "1.50", "t": "q\"\u{1}\u{1f600}", "j": {"a": [1, null]}, "ts": 1_700_000_000_123_i64,
                "d": "2023-11-14", "x": "00ff", "null": null
            })
        );
        assert_eq!(result["revive"], serde_json::json!([["ts", "date"], ["x", "bytes"]]));
        assert_eq!(result["fields"][2], serde_json::json!({"name": "l", "type": "int8"}));
        assert_eq!(result["rowCount"], 1);
    }

    #[test]
    fn numbers_that_json_has_no_word_for_are_revived() {
        let result = json(&[("f", Type::FLOAT8)], &[Some("NaN")], BigintMode::Auto);
        assert_eq!(result["rows"][0]["f"], "NaN");
        assert_eq!(result["revive"], serde_json::json!([["f", "number"]]));
    }

    #[test]
    fn bigints_are_all_texts_when_asked_for() {
        let result = json(&[("l", Type::INT8)], &[Some("1")], BigintMode::Text);
        assert_eq!(result["rows"][0]["l"], "1");
        assert_eq!(result["revive"], serde_json::json!([["l", "bigint"]]));
    }

    #[test]
    fn of_two_columns_with_one_name_the_last_wins() {
        let fields = [("a", Type::TIMESTAMPTZ), ("a", Type::INT4)];
        let result = json(&fields, &[Some("2023-11-14 22:13:20+00"), Some("2")], BigintMode::Auto);
        assert_eq!(result["rows"][0], serde_json::json!({"a": 2}));
        assert_eq!(result.get("revive"), None);
        assert_eq!(result["fields"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn as_arrays_rows_have_all_columns() {
        let mut rows = JsonRows::new(BigintMode::Auto, RowShape::Array, &DbLimits::default());
        let field = |kind: Type| Field { name: "a".to_owned(), type_oid: kind.oid() };
        rows.fields(vec![field(Type::INT4), field(Type::TIMESTAMPTZ), field(Type::TEXT)]);
        rows.row(row(&[Some("1"), Some("1970-01-01 00:00:01+00"), None])).unwrap();
        rows.row(row(&[Some("2"), None, Some("x")])).unwrap();
        let result: serde_json::Value = serde_json::from_slice(&rows.finish("SELECT 2").json).unwrap();
        assert_eq!(result["rows"], serde_json::json!([[1, 1000, null], [2, null, "x"]]));
        assert_eq!(result["revive"], serde_json::json!([[1, "date"]]));
    }

    #[test]
    fn arrays_keep_their_shape() {
        let fields = [("i", Type::INT4_ARRAY), ("t", Type::TEXT_ARRAY), ("d", Type::TIMESTAMPTZ_ARRAY)];
        let values = [
            Some("[0:1][1:2]={{1,2},{3,NULL}}"),
            Some(r#"{plain,"with \"quotes\", and \\",NULL,"NULL",""}"#),
            Some("{\"1970-01-01 00:00:01+00\",infinity}"),
        ];
        let result = json(&fields, &values, BigintMode::Auto);
        assert_eq!(result["rows"][0]["i"], serde_json::json!([[1, 2], [3, null]]));
        assert_eq!(
            result["rows"][0]["t"],
            serde_json::json!(["plain", "with \"quotes\", and \\", null, "NULL", ""])
        );
        assert_eq!(result["rows"][0]["d"], serde_json::json!([1000, "infinity"]));
        assert_eq!(result["revive"], serde_json::json!([["d", "date[]"]]));
    }

    #[test]
    fn rows_and_bytes_are_bounded_at_the_bound() {
        let limits = DbLimits { rows_max: 2, result_bytes_max: 100, ..DbLimits::default() };
        let field = || vec![Field { name: "t".to_owned(), type_oid: Type::TEXT.oid() }];
        let mut rows = JsonRows::new(BigintMode::Auto, RowShape::Object, &limits);
        rows.fields(field());
        rows.row(row(&[Some("a")])).unwrap();
        rows.row(row(&[Some("b")])).unwrap();
        assert!(matches!(rows.row(row(&[Some("c")])), Err(WireError::TooLarge(_))));
        let mut rows = JsonRows::new(BigintMode::Auto, RowShape::Object, &limits);
        rows.fields(field());
        rows.row(row(&[Some(&"x".repeat(94))])).unwrap();
        assert_eq!(rows.bytes_left(), 0);
        assert!(matches!(rows.row(row(&[Some("")])), Err(WireError::TooLarge(_))));
    }

    #[test]
    fn counts_come_from_the_command() {
        for (tag, count) in
            [("INSERT 0 3", Some(3)), ("SELECT 5", Some(5)), ("MERGE 0", Some(0)), ("EXPLAIN", None)]
        {
            assert_eq!(row_count(tag), count);
        }
    }
}
