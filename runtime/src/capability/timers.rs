//! `setTimeout` and `setInterval`: one operation that waits.

use std::time::Duration;

use mayfly_abi::operation::Sleep;

use super::operations::{OperationKind, Started};

pub(crate) fn sleep(frame: &[u8]) -> Started {
    let sleep = Sleep::read(frame)?;
    let kind = if sleep.background { OperationKind::Background } else { OperationKind::Foreground };
    let duration = Duration::from_millis(u64::from(sleep.ms));
    Ok((
        kind,
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            Ok(Vec::new())
        }),
    ))
}
