//! W3C trace context: continued from the caller or started here, and propagated with a function's fetches.

use http::HeaderMap;
use uuid::Uuid;

/// The header, in both directions.
pub const TRACEPARENT: &str = "traceparent";

/// The trace that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    flags: u8,
}

impl Trace {
    /// A new trace.
    pub fn start() -> Self {
        Self { id: Uuid::new_v4().as_u128(), flags: 0 }
    }

    /// The trace of a request, where its header is valid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get(TRACEPARENT)?.to_str().ok().and_then(Self::parse)
    }

    /// `<version>-<trace id>-<parent id>-<flags>`; what later versions add at the end is ignored.
    fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let version = hex(parts.next()?, 2)?;
        let id = hex(parts.next()?, 32)?;
        let parent = hex(parts.next()?, 16)?;
        let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
        let shaped = version != 0xff && (version != 0 || parts.next().is_none());
        (shaped && id != 0 && parent != 0).then_some(Self { id, flags: flags & 1 })
    }

    /// The header of one request sent on: the same trace, a parent of its own.
    pub fn child(&self) -> String {
        // Not zero, as the standard asks.
        let parent = Uuid::new_v4().as_u64_pair().0 | 1;
        format!("00-{:032x}-{parent:016x}-{:02x}", self.id, self.flags)
    }
}

/// Exactly this number of lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let plain = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if plain { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_goes_on_with_a_parent_of_its_own() {
        let trace = Trace::parse(GIVEN).unwrap();
        let child = trace.child();
        assert!(
            child.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && child.ends_with("-01"),
            "{child}"
        );
        assert!(!child.contains("b7ad6b7169203331"));
        assert_ne!(child, trace.child());
        assert_eq!(Trace::parse(&child), Some(trace));
        let later = format!("{}-what-comes-later", GIVEN.replacen("00", "cc", 1));
        assert_eq!(Trace::parse(&later), Some(trace));
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
        assert_eq!(Trace::of(&HeaderMap::new()), None);
        assert_ne!(Trace::start(), Trace::start());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(text in ".{0,80}") {
            let trace = Trace::parse(&text).unwrap_or_else(Trace::start);
            prop_assert!(Trace::parse(&trace.child()).is_some());
        }
    }
}
