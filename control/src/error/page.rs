//! The pages of `docs/errors/`, built in: an error body's `documentation_url` leads to them.

/// Codes that are thrown inside a function, as `error.code`. They have pages too.
pub const GUEST_CODES: [&str; 8] = [
    "EGRESS_DENIED",
    "FETCH_FAILED",
    "DB_STATEMENT_NOT_ALLOWED",
    "DB_RESULT_TOO_LARGE",
    "DB_POOL_EXHAUSTED",
    "DB_CONNECTION_LOST",
    "DB_TIMEOUT",
    "TOO_MANY_SUBREQUESTS",
];

/// A code's page, as Markdown.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        [$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*]
    };
}

const PAGES: [(&str, &str); 42] = pages![
    "VALIDATION_INVALID_SCHEMA",
    "VALIDATION_INVALID_CODE",
    "VALIDATION_TRIGGER_UNAVAILABLE",
    "AUTH_REQUIRED",
    "AUTH_INVALID_TOKEN",
    "AUTH_END_USER_JWT_EXPIRED",
    "AUTH_INVALID_API_KEY",
    "AUTH_FORBIDDEN",
    "AUTH_IMPERSONATION_FORBIDDEN",
    "AUTH_IMPERSONATION_DISABLED",
    "RESOURCE_NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "REQUEST_TIMEOUT",
    "RESOURCE_CONFLICT",
    "STATE_PREREQUISITE_MISSING",
    "PAYLOAD_TOO_LARGE",
    "QUOTA_RATE_LIMIT",
    "QUOTA_TABLE_LIMIT",
    "CONCURRENCY_LIMIT",
    "SCHEMA_MIGRATION_FAILED",
    "APP_PAUSED",
    "OVERLOADED",
    "SUBSYSTEM_UNAVAILABLE",
    "STORAGE_FULL",
    "FUNCTION_THREW",
    "FUNCTION_NO_RESPONSE",
    "FUNCTION_HUNG",
    "FUNCTION_CPU_LIMIT",
    "FUNCTION_MEMORY_LIMIT",
    "FUNCTION_STACK_OVERFLOW",
    "FUNCTION_OUTPUT_LIMIT",
    "FUNCTION_TIMEOUT",
    "SECRETS_UNAVAILABLE",
    "INTERNAL_ERROR",
    "EGRESS_DENIED",
    "FETCH_FAILED",
    "DB_STATEMENT_NOT_ALLOWED",
    "DB_RESULT_TOO_LARGE",
    "DB_POOL_EXHAUSTED",
    "DB_CONNECTION_LOST",
    "DB_TIMEOUT",
    "TOO_MANY_SUBREQUESTS",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn every_code_has_a_page_with_cause_and_fix() {
        for code in Code::ALL.iter().map(|code| code.as_str()).chain(GUEST_CODES) {
            let text = page(code).unwrap_or_else(|| panic!("{code} has no page"));
            assert!(text.starts_with(&format!("# {code}\n")), "{code}");
            assert!(text.contains("\n## Cause\n") && text.contains("\n## Fix\n"), "{code} lacks a part");
        }
        assert_eq!(PAGES.len(), Code::ALL.len() + GUEST_CODES.len(), "a page is of no code");
    }

    #[test]
    fn a_page_says_its_codes_status_and_blame() {
        for code in Code::ALL {
            let text = page(code.as_str()).unwrap();
            let blame = format!("{:?}", code.blame()).to_lowercase();
            assert!(text.contains(&format!("Status {} ", code.status().as_u16())), "{code:?}");
            assert!(text.contains(&format!("`X-Error-Source: {blame}`")), "{code:?}");
        }
    }

    #[test]
    fn every_file_of_the_folder_is_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let code = name.strip_suffix(".md").unwrap();
            assert!(page(code).is_some(), "{name} is of no code");
        }
    }
}
