//! A recording, as bytes that can be kept: the limits, what came in, and what the guest was told.

use mayfly_abi::frame::{Malformed, Reader, Writer};

use super::recorder::Events;
use crate::host::request::Recorded as Incoming;
use crate::limits::Limits;

/// The form of the bytes below.
const FORMAT: u8 = 1;

/// Everything that an invocation learnt from outside. It holds the request's body, the environment and whatever the
/// database said: keep it sealed. Credentials among the request's headers are blanked.
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

/// A recording that was read.
pub(super) struct Recorded {
    pub(super) limits: Limits,
    pub(super) incoming: Incoming,
    pub(super) events: Events,
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

    pub(crate) fn of(limits: &Limits, incoming: &Incoming, events: &[u8]) -> Self {
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

    pub(super) fn read(&self) -> Result<Recorded, InvalidRecording> {
        let mut reader = Reader::new(&self.bytes);
        if reader.u8()? != FORMAT {
            return Err(InvalidRecording);
        }
        let [fuel, memory, response] = [u64(&mut reader)?, u64(&mut reader)?, u64(&mut reader)?];
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
        let incoming = Incoming {
            head,
            body: has_body.then(|| body.to_vec().into()),
            context: reader.text()?.to_owned(),
            env: reader.bytes()?.to_vec().into(),
        };
        Ok(Recorded { limits, incoming, events: Events::read(reader)? })
    }
}

pub(super) fn u64(reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    Ok(u64::from(reader.u32()?) | u64::from(reader.u32()?) << 32)
}
