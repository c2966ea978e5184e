//! Errors of a request, as the function's author sees them: what happened, and nothing about the machine that it
//! happened on.

use std::error::Error;
use std::fmt;

use mayfly_runtime::providers::GuestError;
use rustls::CertificateError;

use super::connect::ConnectError;

/// A refusal by rule.
pub(super) fn denied(why: impl fmt::Display) -> GuestError {
    GuestError::new("EGRESS_DENIED", format!("fetch refused: {why}"))
}

/// A failure of the exchange.
pub(super) fn failed(why: impl fmt::Display) -> GuestError {
    GuestError::new("FETCH_FAILED", format!("fetch failed: {why}"))
}

/// Why there is no response.
pub(super) fn explain(error: &(dyn Error + 'static)) -> GuestError {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(connect) = this.downcast_ref::<ConnectError>() {
            return match connect {
                ConnectError::NotPublic => denied(connect),
                ConnectError::Failed(_) | ConnectError::TimedOut => failed(connect),
            };
        }
        if let Some(tls) = this.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(why) => failed(certificate(why)),
                tls => failed(format_args!("TLS: {tls}")),
            };
        }
        // An `io::Error` hides what it was made of from `source()`.
        if let Some(inner) = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            cause = Some(inner);
            continue;
        }
        cause = this.source();
    }
    failed("the exchange broke off")
}

/// What is wrong with the origin's certificate.
fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::NotValidForName => "the host's certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, .. } => {
            format!("the host's certificate is for another name than {}", expected.to_str())
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the host's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the host's certificate is not valid yet".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "the host's certificate was not issued by a trusted authority".to_owned()
        }
        why => format!("the host's certificate is not valid: {why}"),
    }
}
