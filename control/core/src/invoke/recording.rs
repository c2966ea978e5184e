//! Keeps what an invocation learnt from outside, where its function asks for that, so that it can be run again.

use mayfly_runtime::{Image, Recording};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::Invoker;
use crate::functions::CachedFunction;
use mayfly_store::StoredRecording;

/// The largest recording. Beyond it there is none: a body of some megabytes would be kept for weeks.
pub const RECORDING_BYTES_MAX: usize = 256 << 10;

/// Under which name a recording is encrypted: no variable can be called so.
pub fn recording_name(invocation_id: &str) -> String {
    format!("=recording:{invocation_id}")
}

impl CachedFunction {
    /// The room for a recording of the next invocation: as many of them as the function asks for have some.
    pub(super) fn recording_bytes(&self) -> usize {
        if draw(self.function.settings.record_percent) { RECORDING_BYTES_MAX } else { 0 }
    }
}

fn draw(percent: u32) -> bool {
    let mut byte = [0_u8; 4];
    match percent {
        0 => false,
        100.. => true,
        // Without randomness nothing is recorded.
        _ => SystemRandom::new().fill(&mut byte).is_ok() && u32::from_be_bytes(byte) % 100 < percent,
    }
}

impl Invoker {
    /// An invocation whose recording cannot be kept has happened all the same.
    pub(super) async fn store_recording(
        &self,
        function: &CachedFunction,
        id: &str,
        image: &Image,
        recording: &Recording,
    ) {
        let app = &function.function.app_id;
        let encrypted = self.shared.parts.capabilities.keyring.encrypt_bytes(
            app,
            None,
            &recording_name(id),
            recording.as_bytes(),
        );
        let encrypted = match encrypted {
            Ok(encrypted) => encrypted,
            Err(error) => return tracing::warn!(%error, invocation = id, "a recording is not kept"),
        };
        let stored = StoredRecording {
            engine_digest: self.shared.parts.execution.engine.digest().to_owned(),
            image_digest: image.digest().to_owned(),
            compiled_digest: image.compiled_digest().map(str::to_owned),
            encrypted,
        };
        if let Err(error) = self.shared.parts.records.store.recordings().put(app, id, &stored).await {
            tracing::warn!(%error, invocation = id, "a recording is not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_right() {
        let recorded = |percent| (0..2_000).filter(|_| draw(percent)).count();
        assert_eq!((recorded(0), recorded(100)), (0, 2_000));
        assert!((400..600).contains(&recorded(25)));
    }
}
