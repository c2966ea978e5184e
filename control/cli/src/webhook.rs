//! Deliveries as providers make them: sample events, and their signatures.

mod samples;
mod sender;
mod sign;

use bytes::Bytes;

pub(crate) use samples::usual;
pub(crate) use sender::Sender;

/// A delivery that is to be signed.
#[derive(Debug)]
pub(crate) struct SampleEvent {
    /// What happened, in the provider's words.
    pub(crate) kind: String,
    /// The provider's id of the delivery.
    pub(crate) id: String,
    /// When it is signed, in seconds since 1970.
    pub(crate) at: i64,
    /// The body; a sample of the event where there is none.
    pub(crate) body: Option<Bytes>,
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct SignedDelivery {
    /// With the signature.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}
