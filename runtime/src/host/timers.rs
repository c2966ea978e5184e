//! `setTimeout` and its kin.

use std::time::Duration;

use mayfly_abi::operation::Sleep;

use super::operations::Kind;
use super::submit::Begun;

pub(super) fn sleep(frame: &[u8]) -> Begun {
    let sleep = Sleep::read(frame)?;
    let kind = if sleep.background { Kind::Background } else { Kind::Foreground };
    let duration = Duration::from_millis(u64::from(sleep.ms));
    Ok((
        kind,
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            Ok(Vec::new())
        }),
    ))
}
