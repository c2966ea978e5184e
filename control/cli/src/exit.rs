//! The exit codes that scripts can rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As it was meant to.
    Ok,
    /// The server failed, or could not be reached.
    Failure,
    /// The command line makes no sense.
    Usage,
    /// Credentials are missing, wrong or not enough.
    Auth,
    /// What was named does not exist.
    NotFound,
    /// What was sent is not valid.
    Validation,
    /// It is in another state than it would have to be.
    Conflict,
    /// Too many, too often.
    Quota,
    /// The function itself answered with 400 or more, under `--fail`.
    FunctionFailed,
    /// Not in time.
    TimedOut,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Auth => 3,
            Self::NotFound => 4,
            Self::Validation => 5,
            Self::Conflict => 6,
            Self::Quota => 7,
            Self::FunctionFailed => 8,
            Self::TimedOut => 9,
            Self::Interrupted => 130,
        }
    }

    /// What an error status of the server's means.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Auth,
            404 => Self::NotFound,
            409 => Self::Conflict,
            402 | 429 => Self::Quota,
            408 | 504 => Self::TimedOut,
            400..=499 => Self::Validation,
            _ => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mayfly_api::error::Code;

    #[test]
    fn codes_of_the_api_have_the_exit_codes_of_the_contract() {
        for (code, exit) in [
            (Code::AuthRequired, 3),
            (Code::AuthForbidden, 3),
            (Code::ResourceNotFound, 4),
            (Code::ValidationInvalidCode, 5),
            (Code::PayloadTooLarge, 5),
            (Code::ResourceConflict, 6),
            (Code::StatePrerequisiteMissing, 6),
            (Code::ConcurrencyLimit, 7),
            (Code::QuotaTableLimit, 7),
            (Code::FunctionTimeout, 9),
            (Code::FunctionThrew, 1),
            (Code::Overloaded, 1),
        ] {
            assert_eq!(Exit::of_status(code.status().as_u16()).code(), exit, "{code:?}");
        }
    }
}
