//! Listing: keys in the order of their bytes, with what lies behind a delimiter as one entry.

use std::collections::BTreeSet;

use super::{OBJECT, ObjectRow, StorageTables};
use crate::StoreError;

/// Which objects of a bucket, and how many.
#[derive(Debug, Clone, Copy)]
pub struct ObjectQuery<'a> {
    /// The app.
    pub app_id: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// What follows it behind the prefix is one entry.
    pub delimiter: Option<&'a str>,
    /// Only entries behind this one.
    pub after: Option<&'a str>,
    /// The most.
    pub limit: u32,
}

/// A page of entries, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// Objects.
    pub objects: Vec<ObjectRow>,
    /// Beginnings of keys up to a delimiter.
    pub prefixes: Vec<String>,
    /// The last entry, where there are more.
    pub next: Option<String>,
}

impl StorageTables<'_> {
    /// Objects of a bucket.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, query: ObjectQuery<'_>) -> Result<ObjectPage, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {OBJECT} FROM storage_objects o WHERE o.app_id = $1 AND o.bucket = $2
               AND ($3::text IS NULL OR o.key > $3) AND ($4::text IS NULL OR o.key >= $4)
               AND ($5::text IS NULL OR o.key < $5) ORDER BY o.key LIMIT $6"
        );
        let statement = client.prepare_cached(&sql).await?;
        let end = successor(query.prefix);
        let mut from = (!query.prefix.is_empty()).then(|| query.prefix.to_owned());
        let mut page = ObjectPage::default();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut last = None;
        let limit = query.limit as usize;
        // One more than fits: whether there are more.
        loop {
            let room = limit + 1 - page.objects.len() - page.prefixes.len();
            let batch = i64::try_from(room).unwrap_or(i64::MAX);
            let rows = client
                .query(&statement, &[&query.app_id, &query.bucket, &query.after, &from, &end, &batch])
                .await?;
            let is_last = rows.len() < room;
            for row in &rows {
                let object = ObjectRow::from_row(row);
                let group = query.delimiter.and_then(|delimiter| group(&object.key, query.prefix, delimiter));
                let entry = group.unwrap_or(&object.key);
                // A page that ended with a prefix goes on behind all that it stands for.
                if group.is_some() && (query.after == Some(entry) || seen.contains(entry)) {
                    from = successor(entry);
                    continue;
                }
                if page.objects.len() + page.prefixes.len() == limit {
                    page.next = last;
                    return Ok(page);
                }
                last = Some(entry.to_owned());
                if let Some(group) = group {
                    seen.insert(group.to_owned());
                    from = successor(group);
                    page.prefixes.push(group.to_owned());
                } else {
                    // The smallest key behind this one.
                    from = Some(format!("{}\u{1}", object.key));
                    page.objects.push(object);
                }
            }
            // Without a successor there is nothing behind.
            if is_last || from.is_none() {
                return Ok(page);
            }
        }
    }
}

/// What a key is listed as, where a delimiter follows the prefix.
fn group<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let found = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + found + delimiter.len())
}

/// The smallest text behind all those that begin so; `None`: there is none, or they are all texts.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_is_behind_all_that_begin_so() {
        assert_eq!(successor("a/").as_deref(), Some("a0"));
        assert_eq!(successor("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!((successor(""), successor("\u{10ffff}")), (None, None));
    }

    #[test]
    fn a_group_ends_with_its_delimiter() {
        assert_eq!(group("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(group("a/b", "a/", "/"), None);
        assert_eq!(group("a//b", "a/", "/"), Some("a//"));
        assert_eq!(group("xAByABz", "x", "AB"), Some("xAB"));
        assert_eq!(group("abc", "a", ""), None);
    }
}
