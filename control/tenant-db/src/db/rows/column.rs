//! One column's values as JSON, by the column's type.

use mayfly_runtime::providers::BigintMode;
use tokio_postgres::types::{Kind, Type};

use super::array;
use super::value::{Form, write_string};

/// A column of a result.
pub(super) struct Column {
    quoted_name: Vec<u8>,
    form: Form,
    is_array: bool,
    shadowed: bool,
    /// A float's column is revived only when it needs it.
    irregular: bool,
}

impl Column {
    pub(super) fn new(name: &str, oid: u32, bigint: BigintMode, shadowed: bool) -> Self {
        let element = Type::from_oid(oid).and_then(|known| match known.kind() {
            // Two old types are written without braces, and one with another separator.
            Kind::Array(element)
                if !matches!(known, Type::INT2_VECTOR | Type::OID_VECTOR | Type::BOX_ARRAY) =>
            {
                Some(element.oid())
            }
            _ => None,
        });
        let mut quoted_name = Vec::with_capacity(name.len() + 2);
        write_string(name.as_bytes(), &mut quoted_name);
        Self {
            quoted_name,
            form: Form::of(element.unwrap_or(oid), bigint),
            is_array: element.is_some(),
            shadowed,
            irregular: false,
        }
    }

    pub(super) fn quoted_name(&self) -> &[u8] {
        &self.quoted_name
    }

    /// Whether a later column has the same name.
    pub(super) fn is_shadowed(&self) -> bool {
        self.shadowed
    }

    pub(super) fn write(&mut self, value: Option<&[u8]>, json: &mut Vec<u8>) {
        let Some(value) = value else { return json.extend_from_slice(b"null") };
        self.irregular |=
            if self.is_array { array::write(value, self.form, json) } else { self.form.write(value, json) };
    }

    /// What the guest has to make of this column's values.
    pub(super) fn reviver(&self) -> Option<&'static str> {
        if self.shadowed || (self.form == Form::Float && !self.irregular) {
            return None;
        }
        let (one, many) = self.form.reviver()?;
        Some(if self.is_array { many } else { one })
    }
}
