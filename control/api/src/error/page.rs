//! The pages of `docs/errors/`, built in: an error body's `documentation_url` leads to them.

use super::Code;

/// Lists the codes once: their names, and their pages.
macro_rules! guest_codes {
    ($($code:literal),* $(,)?) => {
        /// Codes that are thrown inside a function, as `error.code`.
        pub const GUEST_CODES: &[&str] = &[$($code),*];
        const GUEST_PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../../../docs/errors/", $code, ".md")))),*];
    };
}

guest_codes![
    "CAPABILITY_DENIED",
    "EGRESS_DENIED",
    "FETCH_FAILED",
    "DB_STATEMENT_NOT_ALLOWED",
    "DB_RESULT_TOO_LARGE",
    "DB_POOL_EXHAUSTED",
    "DB_CONNECTION_LOST",
    "DB_TIMEOUT",
    "TOO_MANY_SUBREQUESTS",
    "INVOKE_CYCLE",
    "INVOKE_DEPTH",
];

/// A code's page, as Markdown.
pub fn page(code: &str) -> Option<&'static str> {
    let public = Code::ALL.iter().find(|known| known.as_str() == code).map(|known| known.page());
    public.or_else(|| GUEST_PAGES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_with_cause_and_fix() {
        for code in Code::ALL.iter().map(|code| code.as_str()).chain(GUEST_CODES.iter().copied()) {
            let text = page(code).unwrap_or_else(|| panic!("{code} has no page"));
            assert!(text.starts_with(&format!("# {code}\n")), "{code}");
            assert!(text.contains("\n## Cause\n") && text.contains("\n## Fix\n"), "{code} lacks a part");
        }
    }

    #[test]
    fn a_page_says_its_codes_status_and_blame() {
        for code in Code::ALL {
            let text = page(code.as_str()).unwrap();
            let source = code.source().as_str();
            assert!(text.contains(&format!("Status {} ", code.status().as_u16())), "{code:?}");
            assert!(text.contains(&format!("`X-Error-Source: {source}`")), "{code:?}");
        }
    }

    #[test]
    fn every_file_of_the_folder_is_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let code = name.strip_suffix(".md").unwrap();
            assert!(page(code).is_some(), "{name} is of no code");
        }
    }
}
