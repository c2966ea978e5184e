//! The table of public error codes: one row a code, and everything that is known of a code is derived from its row.

use http::StatusCode;

/// Whose fault an error was: the value of `X-Error-Source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorSource {
    /// Who sent the request.
    Caller,
    /// The tenant's function.
    Function,
    /// Mayfly, or what it stands on.
    Platform,
}

impl ErrorSource {
    /// As the header has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Function => "function",
            Self::Platform => "platform",
        }
    }
}

/// `/// meaning` and `Variant = "CODE", status source [retry seconds], title, remediation;`
macro_rules! codes {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $text:literal, $status:literal $source:ident $(retry $seconds:literal)?,
        $title:literal,
        $remediation:literal;
    )*) => {
        /// Every code that an error body can carry. Each has a page, `docs/errors/<CODE>.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them, in the order of the enum.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As bodies write it.
            pub fn as_str(self) -> &'static str {
                self.row().text
            }

            /// A few words, the same for every error of this code.
            pub fn title(self) -> &'static str {
                self.row().title
            }

            /// What the reader can do about it, in one sentence.
            pub fn remediation(self) -> &'static str {
                self.row().remediation
            }

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                self.row().status
            }

            /// Whose fault it was: the value of `X-Error-Source`.
            pub fn source(self) -> ErrorSource {
                self.row().source
            }

            /// Seconds of `Retry-After`, for the codes that carry it.
            pub fn retry_after(self) -> Option<u32> {
                self.row().retry_after
            }

            /// Whether the rest of a body may still be under way: the connection is of no more use.
            pub(crate) fn ends_connection(self) -> bool {
                matches!(
                    self,
                    Self::RequestTimeout | Self::PayloadTooLarge | Self::TransferCodingUnsupported
                )
            }

            /// The page of `docs/errors/`, as Markdown.
            pub fn page(self) -> &'static str {
                self.row().page
            }

            fn row(self) -> &'static Row {
                &ROWS[self as usize]
            }
        }

        const ROWS: &[Row] = &[$(
            Row {
                text: $text,
                status: status($status),
                source: ErrorSource::$source,
                retry_after: retry!($($seconds)?),
                title: $title,
                remediation: $remediation,
                page: include_str!(concat!("../../../../docs/errors/", $text, ".md")),
            },
        )*];
    };
}

macro_rules! retry {
    () => {
        None
    };
    ($seconds:literal) => {
        Some($seconds)
    };
}

struct Row {
    text: &'static str,
    status: StatusCode,
    source: ErrorSource,
    retry_after: Option<u32>,
    title: &'static str,
    remediation: &'static str,
    page: &'static str,
}

/// A status that the table writes as a number; a wrong one fails to compile.
#[allow(clippy::panic, reason = "it is evaluated when this is compiled")]
const fn status(number: u16) -> StatusCode {
    match StatusCode::from_u16(number) {
        Ok(status) => status,
        Err(_) => panic!("not a status"),
    }
}

codes! {
    /// A request's shape or a field of it is wrong.
    ValidationInvalidSchema = "VALIDATION_INVALID_SCHEMA", 400 Caller,
        "The request is not valid",
        "Correct the field that the message names and send it again.";
    /// Code cannot be used: a function's, or that of a run.
    ValidationInvalidCode = "VALIDATION_INVALID_CODE", 400 Caller,
        "The code cannot be used",
        "Correct the code at the place in `details` and send it again; a deployed version still serves.";
    /// A trigger type that this version does not serve.
    ValidationTriggerUnavailable = "VALIDATION_TRIGGER_UNAVAILABLE", 400 Caller,
        "The trigger type is not available",
        "Leave this trigger out: `details` names those that this version of Mayfly serves.";
    /// No credentials where some are needed.
    AuthRequired = "AUTH_REQUIRED", 401 Caller,
        "Credentials are required",
        "Send `Authorization: Bearer <key>`.";
    /// A bearer that is no key of ours, or a token that does not verify.
    AuthInvalidToken = "AUTH_INVALID_TOKEN", 401 Caller,
        "The token is not valid",
        "Send one of the app's keys, or a token that the app accepts.";
    /// A webhook's signature is missing, wrong, or not of this time.
    AuthInvalidSignature = "AUTH_INVALID_SIGNATURE", 401 Caller,
        "The signature is not valid",
        "Check the trigger's secret, and sign the body's bytes as they are sent, at the present time.";
    /// An end user's token that was good once.
    AuthEndUserJwtExpired = "AUTH_END_USER_JWT_EXPIRED", 401 Caller,
        "The token has expired",
        "Sign in again and send the new token.";
    /// An unknown or revoked key.
    AuthInvalidApiKey = "AUTH_INVALID_API_KEY", 401 Caller,
        "The key is not valid",
        "Check the key; it may have been revoked. Make a new one with `mayfly keys create`.";
    /// The key is good, and not good for this.
    AuthForbidden = "AUTH_FORBIDDEN", 403 Caller,
        "The key does not allow this",
        "Use a key that has the scope that the message names.";
    /// `X-Butterbase-As-User` from anything but the app's service key.
    AuthImpersonationForbidden = "AUTH_IMPERSONATION_FORBIDDEN", 403 Caller,
        "Impersonation needs the app's service key",
        "Send `X-Butterbase-As-User` only together with a service key of this app.";
    /// `X-Butterbase-As-User` for a function that forbids it.
    AuthImpersonationDisabled = "AUTH_IMPERSONATION_DISABLED", 403 Caller,
        "The function forbids impersonation",
        "Set `allow_service_key_impersonation` to true in the function's settings, or leave the header out.";
    /// Nothing is there, or not for this caller.
    ResourceNotFound = "RESOURCE_NOT_FOUND", 404 Caller,
        "Not found",
        "Check the app id, the name and the path; list what exists with a GET one level up.";
    /// Something is there, but not for this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405 Caller,
        "Method not allowed",
        "Use one of the methods in the `Allow` header.";
    /// A plain request for what is a websocket.
    UpgradeRequired = "UPGRADE_REQUIRED", 426 Caller,
        "A websocket is required",
        "Open it with a websocket client, by version 13 of the protocol.";
    /// The body did not arrive in time.
    RequestTimeout = "REQUEST_TIMEOUT", 408 Caller,
        "The request's body did not arrive in time",
        "Send the body without long pauses.";
    /// It exists already, or is being changed by someone else.
    ResourceConflict = "RESOURCE_CONFLICT", 409 Caller,
        "Conflict",
        "Read the present state and try again.";
    /// The same work is being done for this key.
    IdempotencyConflict = "IDEMPOTENCY_CONFLICT", 409 Caller retry 5,
        "It is being done already",
        "Wait as long as `Retry-After` says, then send it again.";
    /// A key that was used with another body.
    IdempotencyMismatch = "IDEMPOTENCY_MISMATCH", 422 Caller,
        "The key belongs to another body",
        "Send every body under a key of its own.";
    /// Something has to be done or confirmed first.
    StatePrerequisiteMissing = "STATE_PREREQUISITE_MISSING", 409 Caller,
        "Something has to be confirmed first",
        "Do what the message asks for first.";
    /// The body is larger than allowed.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413 Caller,
        "The body is too large",
        "Send less in one request.";
    /// Too many requests in a time.
    QuotaRateLimit = "QUOTA_RATE_LIMIT", 429 Caller retry 1,
        "Too many requests",
        "Wait as long as `Retry-After` says.";
    /// Too many tables.
    QuotaTableLimit = "QUOTA_TABLE_LIMIT", 402 Caller,
        "Too many tables",
        "Remove tables, or use a second app.";
    /// The app keeps as many objects or bytes as it may.
    QuotaStorageLimit = "QUOTA_STORAGE_LIMIT", 402 Caller,
        "The storage is used up",
        "Delete objects, or abort uploads in parts, or have the app's `storage_bytes` or `storage_objects` raised.";
    /// Too many invocations of one app at once.
    ConcurrencyLimit = "CONCURRENCY_LIMIT", 429 Caller retry 1,
        "Too many invocations at once",
        "Wait as long as `Retry-After` says, then retry with back-off.";
    /// A script was refused by PostgreSQL and rolled back.
    SchemaMigrationFailed = "SCHEMA_MIGRATION_FAILED", 400 Caller,
        "The script failed",
        "Correct the SQL that the message quotes; nothing of the script was kept.";
    /// The app's kill switch is on.
    AppPaused = "APP_PAUSED", 503 Platform retry 60,
        "The app is paused",
        "Ask the app's owner to resume it: `PATCH /v1/{app}/config` with `{\"paused\":false}`.";
    /// What was done to the app's database has closed the app; the others are served.
    AppClosed = "APP_CLOSED", 503 Platform retry 60,
        "The app is closed",
        "The operator reads why with `mayfly doctor`; it opens again by itself once the reason is gone.";
    /// The node is full.
    Overloaded = "OVERLOADED", 503 Platform retry 1,
        "The server is busy",
        "Wait as long as `Retry-After` says, then retry with back-off.";
    /// A part of the server cannot be reached; `details.subsystem` names it.
    SubsystemUnavailable = "SUBSYSTEM_UNAVAILABLE", 503 Platform retry 1,
        "A part of the server is unavailable",
        "Retry shortly; `/readyz` says which part is down. It recovers without a restart.";
    /// The node that ran it ended before its end.
    NodeLost = "NODE_LOST", 503 Platform,
        "The node that ran the function was lost",
        "Ask for retries, and make the function idempotent: the run may have been done in part.";
    /// No room left on the disk.
    StorageFull = "STORAGE_FULL", 503 Platform,
        "The disk is full",
        "The operator has to free space on the server's disk.";
    /// A rule of a policy forbids the call; `details.rule` names it.
    PolicyDenied = "POLICY_DENIED", 403 Caller,
        "A policy denies this call",
        "Read the rule and its reason; call it as the rule allows, or ask the operator.";
    /// A counter of a policy is full; `details.rule` names it.
    PolicyRateLimit = "POLICY_RATE_LIMIT", 429 Caller retry 1,
        "A policy's limit is reached",
        "Wait as long as `Retry-After` and `details.retry_after_seconds` say.";
    /// The call waits for a person; `details.approval_id` names the approval.
    ApprovalRequired = "APPROVAL_REQUIRED", 202 Caller,
        "A person has to approve this call",
        "Ask the operator to decide the approval, then make the same call again.";
    /// A tool is not as a person has approved it; `details.rule` names its pin.
    ToolChanged = "TOOL_CHANGED", 403 Caller,
        "The tool is not as it was approved",
        "Ask the operator to look at the tool's definition, and to pin it: `mayfly mcp scan SERVER --pins-out FILE`, or `mayfly mcp servers approve`.";
    /// The MCP server behind a proxy cannot be asked, or answers what it may not.
    UpstreamFailed = "UPSTREAM_FAILED", 502 Platform,
        "The other MCP server failed",
        "Try again; where it stays, the operator has to look at the server behind the proxy, or the one that the app names.";
    /// A tool of another MCP server says that it failed.
    ToolFailed = "TOOL_FAILED", 502 Caller,
        "The tool failed",
        "Read what the tool says, and call it otherwise.";
    /// The function threw.
    FunctionThrew = "FUNCTION_THREW", 500 Function,
        "The function threw",
        "Read the invocation's log for the message and the stack.";
    /// The function returned something else than a `Response`.
    FunctionNoResponse = "FUNCTION_NO_RESPONSE", 500 Function,
        "The function returned no Response",
        "Return a `Response` from the handler on every path.";
    /// The handler's promise can never settle.
    FunctionHung = "FUNCTION_HUNG", 500 Function,
        "The function can never answer",
        "Look for a promise that nothing resolves.";
    /// An agent tool's answer is not what its schema says.
    ToolOutputInvalid = "TOOL_OUTPUT_INVALID", 500 Function,
        "The tool's answer is not what its schema says",
        "Answer with JSON that `agent_tool_output` describes, or correct that schema.";
    /// A run that no client waits for answered with a status of 400 or above.
    FunctionStatus = "FUNCTION_STATUS", 500 Function,
        "The function answered with an error status",
        "Read the invocation's record; answer with a status below 400 when the run succeeded.";
    /// The CPU limit.
    FunctionCpuLimit = "FUNCTION_CPU_LIMIT", 500 Function,
        "CPU limit reached",
        "Do less work, or raise `cpuLimitMs`.";
    /// The memory limit.
    FunctionMemoryLimit = "FUNCTION_MEMORY_LIMIT", 500 Function,
        "Memory limit reached",
        "Hold less at once, or raise `memoryLimitMb`.";
    /// A body under a coding that is not understood.
    TransferCodingUnsupported = "TRANSFER_CODING_UNSUPPORTED", 501 Caller,
        "The transfer coding is not supported",
        "Send the body with `Content-Length`, or as `Transfer-Encoding: chunked` alone.";
    /// The app's share of a node's memory.
    AppMemoryLimit = "APP_MEMORY_LIMIT", 503 Function retry 1,
        "The app holds its share of the memory",
        "Run less of it at once, hold less in each, or retry as `Retry-After` says.";
    /// The call stack.
    FunctionStackOverflow = "FUNCTION_STACK_OVERFLOW", 500 Function,
        "Call stack exhausted",
        "Bound the recursion.";
    /// The sandbox trapped.
    FunctionTrapped = "FUNCTION_TRAPPED", 500 Function,
        "The function made its sandbox trap",
        "Find what it was doing in the invocation's record, and do it in another way; report it, with the code.";
    /// The limit on response bytes.
    FunctionOutputLimit = "FUNCTION_OUTPUT_LIMIT", 500 Function,
        "Response too large",
        "Answer with less, in pages.";
    /// The wall clock.
    FunctionTimeout = "FUNCTION_TIMEOUT", 504 Function,
        "Time limit reached",
        "Wait for less, use `ctx.waitUntil` for work after the response, or raise `timeoutMs`.";
    /// The environment cannot be decrypted.
    SecretsUnavailable = "SECRETS_UNAVAILABLE", 500 Platform,
        "The environment cannot be read",
        "The operator has to restore the key that the environment was encrypted with, or set the values again.";
    /// A failure of Mayfly's own.
    InternalError = "INTERNAL_ERROR", 500 Platform,
        "Internal error",
        "Retry; if it stays, report the request id.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_in_the_order_of_their_rows() {
        let names: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for (place, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place, "{code:?} is out of order");
        }
    }
}
