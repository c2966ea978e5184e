//! The guest's response frame, checked: what leaves the sandbox is valid HTTP within its limits.

use bytes::Bytes;
use mayfly_abi::body::BodyFrame;
use mayfly_abi::response::ResponseFrame;
use mayfly_ledger::{Account, held_bytes};

use crate::body::Body;
use crate::capability::outgoing::Outgoing;
use crate::error::Fault;
use crate::guest_error::GuestError;
use crate::invocation::Response;
use crate::limits::{RESPONSE_HEADER_BYTES_MAX, RESPONSE_HEADERS_MAX};

/// The response that a frame holds, and the writing end of its body where that is streamed.
pub(super) fn read(
    frame: &[u8],
    bytes_max: usize,
    account: &Account,
) -> Result<(Response, Option<Outgoing>), Fault> {
    let malformed = |what: &str| Fault::Internal { reason: format!("the guest's response has {what}") };
    let frame = ResponseFrame::read(frame).map_err(|_| malformed("a malformed frame"))?;
    if let BodyFrame::Whole(bytes) = frame.body
        && bytes.len() > bytes_max
    {
        return Err(Fault::OutputLimit { used: bytes.len(), limit: bytes_max });
    }
    if !(200..=599).contains(&frame.status) {
        return Err(Fault::NoResponse { returned: "a Response.error()".to_owned() });
    }
    if !frame.headers.iter().all(|(name, value)| is_name(name) && is_value(value)) {
        return Err(malformed("a malformed header"));
    }
    let header_bytes = frame.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if frame.headers.len() > RESPONSE_HEADERS_MAX || header_bytes > RESPONSE_HEADER_BYTES_MAX {
        return Err(Fault::HeadersLimit { headers: frame.headers.len(), bytes: header_bytes });
    }
    let (body, outgoing) = match frame.body {
        BodyFrame::None => (None, None),
        BodyFrame::Whole(bytes) => {
            let held = account.take(bytes.len()).map_err(Fault::NoMemory)?;
            (Some(held_bytes(Bytes::copy_from_slice(bytes), held).into()), None)
        }
        BodyFrame::Stream => {
            let (outgoing, chunks) =
                Outgoing::open(GuestError::new("BODY_BROKEN", "the function did not complete its response"));
            (Some(Body::Stream(chunks)), Some(outgoing))
        }
    };
    Ok((Response { status: frame.status, headers: frame.headers, body }, outgoing))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

// Characters stand for bytes, so none may be above U+00FF.
fn is_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || (u32::from(c) >= 0x20 && u32::from(c) <= 0xff && c != '\u{7f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_and_values_cannot_split_a_response() {
        assert!(is_name("x-a"));
        assert!(!is_name("") && !is_name("a b") && !is_name("a:b") && !is_name("é"));
        assert!(is_value("a\tb é") && is_value(""));
        assert!(!is_value("a\r\nb") && !is_value("\0") && !is_value("€"));
    }
}
