//! A recording as bytes that can be stored: the limits, the request, and every value that the host gave to the guest.

mod events;

pub(crate) use events::{RecordedEvent, RecordedEvents, Recorder};

use bytes::Bytes;
use mayfly_abi::frame::{Malformed, Reader, Writer};
use zeroize::Zeroizing;

use crate::limits::Limits;

/// The form of the bytes below.
const FORMAT: u8 = 1;

/// Everything that an invocation learnt from outside. It holds the request's body, the environment and the
/// database's answers: keep it encrypted. Credentials among the request's headers are blanked.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("bytes", &self.bytes.len()).finish()
    }
}

/// The bytes are no recording of this build's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the recording cannot be read")]
pub struct InvalidRecording;

impl From<Malformed> for InvalidRecording {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// The request of a recorded invocation.
#[derive(Debug)]
pub(crate) struct RecordedRequest {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Option<Bytes>,
    pub(crate) context: String,
    /// JSON; empty when the guest never asked.
    pub(crate) env: Zeroizing<Vec<u8>>,
}

/// A recording, decoded.
pub(crate) struct RecordedInvocation {
    pub(crate) limits: Limits,
    pub(crate) incoming: RecordedRequest,
    pub(crate) events: RecordedEvents,
}

impl Recording {
    /// From the bytes of [`as_bytes`](Self::as_bytes).
    ///
    /// # Errors
    /// [`InvalidRecording`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InvalidRecording> {
        let recording = Self { bytes };
        recording.read()?;
        Ok(recording)
    }

    /// What is to be kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn of(limits: &Limits, incoming: &RecordedRequest, events: &[u8]) -> Self {
        let mut writer = Writer::with_capacity(256 + events.len());
        writer.u8(FORMAT);
        for bound in [limits.fuel, limits.memory_bytes as u64, limits.response_bytes as u64] {
            writer.rest(&bound.to_le_bytes());
        }
        writer.u32(limits.host_operations);
        writer.u32(limits.subrequests);
        writer.bytes(&incoming.head);
        writer.u8(u8::from(incoming.body.is_some()));
        writer.bytes(incoming.body.as_deref().unwrap_or_default());
        writer.text(&incoming.context);
        writer.bytes(&incoming.env);
        writer.rest(events);
        Self { bytes: writer.finish() }
    }

    pub(crate) fn read(&self) -> Result<RecordedInvocation, InvalidRecording> {
        let mut reader = Reader::new(&self.bytes);
        if reader.u8()? != FORMAT {
            return Err(InvalidRecording);
        }
        let [fuel, memory, response] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let limits = Limits {
            fuel,
            memory_bytes: usize::try_from(memory).map_err(|_| InvalidRecording)?,
            response_bytes: usize::try_from(response).map_err(|_| InvalidRecording)?,
            host_operations: reader.u32()?,
            subrequests: reader.u32()?,
            ..Limits::default()
        };
        let head = reader.bytes()?.to_vec();
        let has_body = reader.u8()? != 0;
        let body = reader.bytes()?;
        let incoming = RecordedRequest {
            head,
            body: has_body.then(|| body.to_vec().into()),
            context: reader.text()?.to_owned(),
            env: reader.bytes()?.to_vec().into(),
        };
        Ok(RecordedInvocation { limits, incoming, events: RecordedEvents::read(reader)? })
    }
}
