//! The closed list of public error codes: status, title, blame and remedy of each.

mod words;

use http::StatusCode;
use mayfly_runtime::Blame;

/// Every code that an error body can carry. Each has a page, `docs/errors/<CODE>.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A request's shape or a field of it is wrong.
    ValidationInvalidSchema,
    /// The code of a function cannot be deployed.
    ValidationInvalidCode,
    /// A trigger type that this version does not serve.
    ValidationTriggerUnavailable,
    /// No credentials where some are needed.
    AuthRequired,
    /// A bearer that is no key of ours, or a token that does not verify.
    AuthInvalidToken,
    /// An end user's token that was good once.
    AuthEndUserJwtExpired,
    /// An unknown or revoked key.
    AuthInvalidApiKey,
    /// The key is good, and not good for this.
    AuthForbidden,
    /// `X-Butterbase-As-User` from anything but the app's service key.
    AuthImpersonationForbidden,
    /// `X-Butterbase-As-User` for a function that forbids it.
    AuthImpersonationDisabled,
    /// Nothing is there, or not for this caller.
    ResourceNotFound,
    /// Something is there, but not for this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// It exists already, or is being changed by someone else.
    ResourceConflict,
    /// Something has to be done or confirmed first.
    StatePrerequisiteMissing,
    /// The body is larger than allowed.
    PayloadTooLarge,
    /// Too many requests in a time.
    QuotaRateLimit,
    /// Too many tables.
    QuotaTableLimit,
    /// Too many invocations of one app at once.
    ConcurrencyLimit,
    /// A script was refused by PostgreSQL and rolled back.
    SchemaMigrationFailed,
    /// The app's kill switch is on.
    AppPaused,
    /// The node is full.
    Overloaded,
    /// A part of the server cannot be reached; `details.subsystem` names it.
    SubsystemUnavailable,
    /// No room left on the disk.
    StorageFull,
    /// The function threw.
    FunctionThrew,
    /// The function returned something else than a `Response`.
    FunctionNoResponse,
    /// The handler's promise can never settle.
    FunctionHung,
    /// The CPU limit.
    FunctionCpuLimit,
    /// The memory limit.
    FunctionMemoryLimit,
    /// The call stack.
    FunctionStackOverflow,
    /// The limit on response bytes.
    FunctionOutputLimit,
    /// The wall clock.
    FunctionTimeout,
    /// The environment cannot be decrypted.
    SecretsUnavailable,
    /// A failure of Mayfly's own.
    InternalError,
}

impl Code {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 34] = [
        Self::ValidationInvalidSchema,
        Self::ValidationInvalidCode,
        Self::ValidationTriggerUnavailable,
        Self::AuthRequired,
        Self::AuthInvalidToken,
        Self::AuthEndUserJwtExpired,
        Self::AuthInvalidApiKey,
        Self::AuthForbidden,
        Self::AuthImpersonationForbidden,
        Self::AuthImpersonationDisabled,
        Self::ResourceNotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::ResourceConflict,
        Self::StatePrerequisiteMissing,
        Self::PayloadTooLarge,
        Self::QuotaRateLimit,
        Self::QuotaTableLimit,
        Self::ConcurrencyLimit,
        Self::SchemaMigrationFailed,
        Self::AppPaused,
        Self::Overloaded,
        Self::SubsystemUnavailable,
        Self::StorageFull,
        Self::FunctionThrew,
        Self::FunctionNoResponse,
        Self::FunctionHung,
        Self::FunctionCpuLimit,
        Self::FunctionMemoryLimit,
        Self::FunctionStackOverflow,
        Self::FunctionOutputLimit,
        Self::FunctionTimeout,
        Self::SecretsUnavailable,
        Self::InternalError,
    ];

    /// What goes into the body, the logs and the page's file name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ValidationInvalidSchema => "VALIDATION_INVALID_SCHEMA",
            Self::ValidationInvalidCode => "VALIDATION_INVALID_CODE",
            Self::ValidationTriggerUnavailable => "VALIDATION_TRIGGER_UNAVAILABLE",
            Self::AuthRequired => "AUTH_REQUIRED",
            Self::AuthInvalidToken => "AUTH_INVALID_TOKEN",
            Self::AuthEndUserJwtExpired => "AUTH_END_USER_JWT_EXPIRED",
            Self::AuthInvalidApiKey => "AUTH_INVALID_API_KEY",
            Self::AuthForbidden => "AUTH_FORBIDDEN",
            Self::AuthImpersonationForbidden => "AUTH_IMPERSONATION_FORBIDDEN",
            Self::AuthImpersonationDisabled => "AUTH_IMPERSONATION_DISABLED",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::ResourceConflict => "RESOURCE_CONFLICT",
            Self::StatePrerequisiteMissing => "STATE_PREREQUISITE_MISSING",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::QuotaRateLimit => "QUOTA_RATE_LIMIT",
            Self::QuotaTableLimit => "QUOTA_TABLE_LIMIT",
            Self::ConcurrencyLimit => "CONCURRENCY_LIMIT",
            Self::SchemaMigrationFailed => "SCHEMA_MIGRATION_FAILED",
            Self::AppPaused => "APP_PAUSED",
            Self::Overloaded => "OVERLOADED",
            Self::SubsystemUnavailable => "SUBSYSTEM_UNAVAILABLE",
            Self::StorageFull => "STORAGE_FULL",
            Self::FunctionThrew => "FUNCTION_THREW",
            Self::FunctionNoResponse => "FUNCTION_NO_RESPONSE",
            Self::FunctionHung => "FUNCTION_HUNG",
            Self::FunctionCpuLimit => "FUNCTION_CPU_LIMIT",
            Self::FunctionMemoryLimit => "FUNCTION_MEMORY_LIMIT",
            Self::FunctionStackOverflow => "FUNCTION_STACK_OVERFLOW",
            Self::FunctionOutputLimit => "FUNCTION_OUTPUT_LIMIT",
            Self::FunctionTimeout => "FUNCTION_TIMEOUT",
            Self::SecretsUnavailable => "SECRETS_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::ValidationInvalidSchema
            | Self::ValidationInvalidCode
            | Self::ValidationTriggerUnavailable
            | Self::SchemaMigrationFailed => StatusCode::BAD_REQUEST,
            Self::AuthRequired
            | Self::AuthInvalidToken
            | Self::AuthEndUserJwtExpired
            | Self::AuthInvalidApiKey => StatusCode::UNAUTHORIZED,
            Self::QuotaTableLimit => StatusCode::PAYMENT_REQUIRED,
            Self::AuthForbidden | Self::AuthImpersonationForbidden | Self::AuthImpersonationDisabled => {
                StatusCode::FORBIDDEN
            }
            Self::ResourceNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::ResourceConflict | Self::StatePrerequisiteMissing => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::QuotaRateLimit | Self::ConcurrencyLimit => StatusCode::TOO_MANY_REQUESTS,
            Self::AppPaused | Self::Overloaded | Self::SubsystemUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
            Self::FunctionTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::FunctionThrew
            | Self::FunctionNoResponse
            | Self::FunctionHung
            | Self::FunctionCpuLimit
            | Self::FunctionMemoryLimit
            | Self::FunctionStackOverflow
            | Self::FunctionOutputLimit
            | Self::SecretsUnavailable
            | Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whose doing it was: the value of `X-Error-Source`.
    pub fn blame(self) -> Blame {
        match self {
            Self::ValidationInvalidSchema
            | Self::ValidationInvalidCode
            | Self::ValidationTriggerUnavailable
            | Self::AuthRequired
            | Self::AuthInvalidToken
            | Self::AuthEndUserJwtExpired
            | Self::AuthInvalidApiKey
            | Self::AuthForbidden
            | Self::AuthImpersonationForbidden
            | Self::AuthImpersonationDisabled
            | Self::ResourceNotFound
            | Self::MethodNotAllowed
            | Self::RequestTimeout
            | Self::ResourceConflict
            | Self::StatePrerequisiteMissing
            | Self::PayloadTooLarge
            | Self::QuotaRateLimit
            | Self::QuotaTableLimit
            | Self::ConcurrencyLimit
            | Self::SchemaMigrationFailed => Blame::Caller,
            Self::FunctionThrew
            | Self::FunctionNoResponse
            | Self::FunctionHung
            | Self::FunctionCpuLimit
            | Self::FunctionMemoryLimit
            | Self::FunctionStackOverflow
            | Self::FunctionOutputLimit
            | Self::FunctionTimeout => Blame::Function,
            Self::AppPaused
            | Self::Overloaded
            | Self::SubsystemUnavailable
            | Self::StorageFull
            | Self::SecretsUnavailable
            | Self::InternalError => Blame::Platform,
        }
    }

    /// Seconds of `Retry-After`, for the codes that carry it.
    pub fn retry_after(self) -> Option<u32> {
        match self {
            Self::AppPaused => Some(60),
            Self::QuotaRateLimit | Self::ConcurrencyLimit | Self::Overloaded | Self::SubsystemUnavailable => {
                Some(1)
            }
            Self::ValidationInvalidSchema
            | Self::ValidationInvalidCode
            | Self::ValidationTriggerUnavailable
            | Self::AuthRequired
            | Self::AuthInvalidToken
            | Self::AuthEndUserJwtExpired
            | Self::AuthInvalidApiKey
            | Self::AuthForbidden
            | Self::AuthImpersonationForbidden
            | Self::AuthImpersonationDisabled
            | Self::ResourceNotFound
            | Self::MethodNotAllowed
            | Self::RequestTimeout
            | Self::ResourceConflict
            | Self::StatePrerequisiteMissing
            | Self::PayloadTooLarge
            | Self::QuotaTableLimit
            | Self::SchemaMigrationFailed
            | Self::StorageFull
            | Self::FunctionThrew
            | Self::FunctionNoResponse
            | Self::FunctionHung
            | Self::FunctionCpuLimit
            | Self::FunctionMemoryLimit
            | Self::FunctionStackOverflow
            | Self::FunctionOutputLimit
            | Self::FunctionTimeout
            | Self::SecretsUnavailable
            | Self::InternalError => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_code_once() {
        let names: std::collections::HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for (place, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place, "{code:?} is out of order");
        }
        assert_eq!(Code::ALL[Code::ALL.len() - 1], Code::InternalError, "the last variant closes the list");
    }
}
