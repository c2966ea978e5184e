//! Changes of type, classified by what they do to values.

/// What becomes of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeChange {
    /// Every value fits, and stays what it was. Whether the table is rewritten.
    Widens {
        /// Whether the table is rewritten.
        rewrites: bool,
    },
    /// Values may not fit, or lose something.
    Narrows,
    /// What a value means depends on the session's time zone.
    Zone,
}

const WIDENS: TypeChange = TypeChange::Widens { rewrites: true };
const SAME_BYTES: TypeChange = TypeChange::Widens { rewrites: false };

/// A type's name without modifiers, its modifiers, and whether it is an array.
struct Parts<'a> {
    name: String,
    modifiers: Vec<i64>,
    array: bool,
    text: &'a str,
}

/// Both as `format_type` writes them.
pub(crate) fn change(from: &str, to: &str) -> TypeChange {
    let (from, to) = (Parts::of(from), Parts::of(to));
    if from.array != to.array {
        return if to.text == "text" { WIDENS } else { TypeChange::Narrows };
    }
    if from.name == to.name {
        return same_name(&from, &to);
    }
    by_names(&from, &to)
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let array = text.ends_with("[]");
        let bare = text.trim_end_matches("[]");
        let Some((before, rest)) = bare.split_once('(') else {
            return Self { name: bare.to_owned(), modifiers: Vec::new(), array, text };
        };
        let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
        let modifiers = inside.split(',').filter_map(|number| number.trim().parse().ok()).collect();
        Self { name: format!("{before}{after}"), modifiers, array, text }
    }

    fn first(&self) -> Option<i64> {
        self.modifiers.first().copied()
    }
}

fn same_name(from: &Parts<'_>, to: &Parts<'_>) -> TypeChange {
    match (from.name.as_str(), from.first(), to.first()) {
        (_, old, new) if old == new && from.modifiers == to.modifiers => SAME_BYTES,
        ("numeric", ..) => numeric(from, to),
        // A bit string has its length exactly; characters are filled up with spaces.
        ("bit", ..) => TypeChange::Narrows,
        ("character", Some(old), Some(new)) if new > old => WIDENS,
        ("character", ..) => TypeChange::Narrows,
        (_, Some(_), None) => SAME_BYTES,
        // What an extension's number means is its own: a vector has its dimensions exactly.
        (name, Some(_), Some(_)) if !is_limit(name) => TypeChange::Narrows,
        (_, Some(old), Some(new)) if new > old => SAME_BYTES,
        // Times have six digits when nothing is said.
        (name, None, Some(6)) if name.starts_with("time") || name == "interval" => SAME_BYTES,
        _ => TypeChange::Narrows,
    }
}

/// Whether a larger number takes all that a smaller one does.
fn is_limit(name: &str) -> bool {
    ["character varying", "bit varying"].contains(&name)
        || name.starts_with("time")
        || name.starts_with("interval")
}

fn numeric(from: &Parts<'_>, to: &Parts<'_>) -> TypeChange {
    match (from.modifiers.as_slice(), to.modifiers.as_slice()) {
        (_, []) => SAME_BYTES,
        ([old_precision, old_scale], [precision, scale])
            if scale >= old_scale && precision - scale >= old_precision - old_scale =>
        {
            TypeChange::Widens { rewrites: scale != old_scale }
        }
        _ => TypeChange::Narrows,
    }
}

fn by_names(from: &Parts<'_>, to: &Parts<'_>) -> TypeChange {
    let unlimited = to.modifiers.is_empty();
    match (from.name.as_str(), to.name.as_str()) {
        ("smallint", "integer" | "bigint" | "real" | "double precision") => WIDENS,
        ("integer", "bigint" | "double precision") => WIDENS,
        ("smallint" | "integer" | "bigint", "numeric") if unlimited => WIDENS,
        ("real", "double precision") => WIDENS,
        ("character varying" | "citext", "text")
        | ("text", "character varying" | "citext")
        | ("citext", "character varying")
        | ("character varying", "citext")
            if unlimited =>
        {
            SAME_BYTES
        }
        ("character varying" | "character", "character varying") if to.first() >= from.first() => WIDENS,
        (_, "text" | "character varying" | "citext") if unlimited => WIDENS,
        ("bit" | "bit varying", "bit varying") if unlimited || to.first() >= from.first() => WIDENS,
        ("date", "timestamp without time zone") if unlimited || to.first() == Some(6) => WIDENS,
        ("jsonb", "json") => WIDENS,
        ("cidr", "inet") => SAME_BYTES,
        ("macaddr", "macaddr8") => WIDENS,
        ("date" | "timestamp without time zone" | "timestamp with time zone", other)
            if other.starts_with("time") =>
        {
            TypeChange::Zone
        }
        ("timestamp with time zone", "date") | ("time without time zone", "time with time zone") => {
            TypeChange::Zone
        }
        _ => TypeChange::Narrows,
    }
}

/// Whether a foreign key between the two types, or from one to the other, needs no new look.
pub(super) fn are_kin(from: &str, to: &str) -> bool {
    let integer = ["smallint", "integer", "bigint"];
    let (old, new) = (Parts::of(from), Parts::of(to));
    old.array == new.array
        && (old.name == new.name
            || integer.contains(&old.name.as_str()) && integer.contains(&new.name.as_str()))
}

/// How old values become new ones, where nothing was said. A text that is too long for its new column must be an
/// error, and a cast would cut it off: so texts are assigned, not cast.
pub(super) fn conversion(column: &str, from: &str, to: &str) -> Option<String> {
    let (old, new) = (Parts::of(from), Parts::of(to));
    if old.name == new.name && old.array == new.array {
        return None;
    }
    let is_text = ["character varying", "character", "text", "citext"].contains(&new.name.as_str());
    Some(if is_text {
        format!("{column}::text{}", if new.array { "[]" } else { "" })
    } else {
        format!("{column}::{to}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_is_known() {
        for (from, to, kind) in [
            ("integer", "bigint", WIDENS),
            ("integer[]", "bigint[]", WIDENS),
            ("bigint", "integer", TypeChange::Narrows),
            ("character varying(20)", "character varying(40)", SAME_BYTES),
            ("character varying(20)", "text", SAME_BYTES),
            ("character varying(40)", "character varying(20)", TypeChange::Narrows),
            ("text", "character varying(20)", TypeChange::Narrows),
            ("numeric(10,2)", "numeric(12,2)", SAME_BYTES),
            ("numeric(10,2)", "numeric(12,4)", TypeChange::Widens { rewrites: true }),
            ("numeric(10,2)", "numeric(10,4)", TypeChange::Narrows),
            ("numeric", "numeric(10,2)", TypeChange::Narrows),
            ("timestamp(3) with time zone", "timestamp with time zone", SAME_BYTES),
            ("timestamp with time zone", "timestamp(3) with time zone", TypeChange::Narrows),
            ("timestamp without time zone", "timestamp with time zone", TypeChange::Zone),
            ("uuid", "text", WIDENS),
            ("text", "uuid", TypeChange::Narrows),
            ("integer", "character varying(3)", TypeChange::Narrows),
            ("character(4)", "character(8)", WIDENS),
            ("bit(4)", "bit(8)", TypeChange::Narrows),
            ("vector(3)", "vector(4)", TypeChange::Narrows),
            ("vector(3)", "vector", SAME_BYTES),
        ] {
            assert_eq!(change(from, to), kind, "{from} -> {to}");
        }
    }

    #[test]
    fn texts_are_assigned() {
        assert_eq!(conversion("c", "integer", "character varying(3)").as_deref(), Some("c::text"));
        assert_eq!(conversion("c", "text", "integer").as_deref(), Some("c::integer"));
        assert_eq!(conversion("c", "numeric(4,2)", "numeric(3,1)"), None);
    }
}
