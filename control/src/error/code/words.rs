//! What people read about a code: its title, and what they can do.

use super::Code;

impl Code {
    /// A few words, the same for every error of this code.
    pub fn title(self) -> &'static str {
        match self {
            Self::ValidationInvalidSchema => "The request is not valid",
            Self::ValidationInvalidCode => "The code cannot be deployed",
            Self::ValidationTriggerUnavailable => "The trigger type is not available",
            Self::AuthRequired => "Credentials are required",
            Self::AuthInvalidToken => "The token is not valid",
            Self::AuthEndUserJwtExpired => "The token has expired",
            Self::AuthInvalidApiKey => "The key is not valid",
            Self::AuthForbidden => "The key does not allow this",
            Self::AuthImpersonationForbidden => "Impersonation needs the app's service key",
            Self::AuthImpersonationDisabled => "The function forbids impersonation",
            Self::ResourceNotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::RequestTimeout => "The request's body did not arrive in time",
            Self::ResourceConflict => "Conflict",
            Self::StatePrerequisiteMissing => "Something has to be confirmed first",
            Self::PayloadTooLarge => "The body is too large",
            Self::QuotaRateLimit => "Too many requests",
            Self::QuotaTableLimit => "Too many tables",
            Self::ConcurrencyLimit => "Too many invocations at once",
            Self::SchemaMigrationFailed => "The script failed",
            Self::AppPaused => "The app is paused",
            Self::Overloaded => "The server is busy",
            Self::SubsystemUnavailable => "A part of the server is unavailable",
            Self::StorageFull => "The disk is full",
            Self::FunctionThrew => "The function threw",
            Self::FunctionNoResponse => "The function returned no Response",
            Self::FunctionHung => "The function can never answer",
            Self::FunctionCpuLimit => "CPU limit reached",
            Self::FunctionMemoryLimit => "Memory limit reached",
            Self::FunctionStackOverflow => "Call stack exhausted",
            Self::FunctionOutputLimit => "Response too large",
            Self::FunctionTimeout => "Time limit reached",
            Self::SecretsUnavailable => "The environment cannot be read",
            Self::InternalError => "Internal error",
        }
    }

    /// What the reader can do about it, in one sentence.
    pub fn remediation(self) -> &'static str {
        match self {
            Self::ValidationInvalidSchema => "Correct the field that the message names and send it again.",
            Self::ValidationInvalidCode => {
                "Correct the code at the place in `details` and deploy again; the version before still serves."
            }
            Self::ValidationTriggerUnavailable => {
                "Leave this trigger out: this version of Mayfly serves `http` triggers."
            }
            Self::AuthRequired => "Send `Authorization: Bearer <key>`.",
            Self::AuthInvalidToken => "Send one of the app's keys, or a token that the app accepts.",
            Self::AuthEndUserJwtExpired => "Sign in again and send the new token.",
            Self::AuthInvalidApiKey => {
                "Check the key; it may have been revoked. Make a new one with `mayfly keys create`."
            }
            Self::AuthForbidden => "Use a key that has the scope that the message names.",
            Self::AuthImpersonationForbidden => {
                "Send `X-Butterbase-As-User` only together with a service key of this app."
            }
            Self::AuthImpersonationDisabled => {
                "Set `allow_service_key_impersonation` to true in the function's settings, or leave the header out."
            }
            Self::ResourceNotFound => {
                "Check the app id, the name and the path; list what exists with a GET one level up."
            }
            Self::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Self::RequestTimeout => "Send the body without long pauses.",
            Self::ResourceConflict => "Read the present state and try again.",
            Self::StatePrerequisiteMissing => "Do what the message asks for first.",
            Self::PayloadTooLarge => "Send less in one request.",
            Self::QuotaRateLimit => "Wait as long as `Retry-After` says.",
            Self::QuotaTableLimit => "Remove tables, or use a second app.",
            Self::ConcurrencyLimit => "Wait as long as `Retry-After` says, then retry with back-off.",
            Self::SchemaMigrationFailed => {
                "Correct the SQL that the message quotes; nothing of the script was kept."
            }
            Self::AppPaused => {
                "Ask the app's owner to resume it: `PATCH /v1/{app}/config` with `{\"paused\":false}`."
            }
            Self::Overloaded => "Wait as long as `Retry-After` says, then retry with back-off.",
            Self::SubsystemUnavailable => {
                "Retry shortly; `/readyz` says which part is down. It recovers without a restart."
            }
            Self::StorageFull => "The operator has to free space on the server's disk.",
            Self::FunctionThrew => "Read the invocation's log for the message and the stack.",
            Self::FunctionNoResponse => "Return a `Response` from the handler on every path.",
            Self::FunctionHung => "Look for a promise that nothing resolves.",
            Self::FunctionCpuLimit => "Do less work, or raise `cpuLimitMs`.",
            Self::FunctionMemoryLimit => "Hold less at once, or raise `memoryLimitMb`.",
            Self::FunctionStackOverflow => "Bound the recursion.",
            Self::FunctionOutputLimit => "Answer with less, in pages.",
            Self::FunctionTimeout => {
                "Wait for less, use `ctx.waitUntil` for work after the response, or raise `timeoutMs`."
            }
            Self::SecretsUnavailable => {
                "The operator has to restore the key that the environment was sealed with, or set the values again."
            }
            Self::InternalError => "Retry; if it stays, report the request id.",
        }
    }
}
