//! Config of an upload trigger.

use mayfly_api::error::ApiResult;
use mayfly_api::triggers::{S3UploadTriggerConfig, TriggerKind};

use crate::triggers::TriggerUnit;

/// The kind.
pub(crate) struct S3Upload;

impl TriggerUnit for S3Upload {
    const KIND: TriggerKind = TriggerKind::S3Upload;
    const AVAILABLE: bool = false;
    type Config = S3UploadTriggerConfig;
    type Stored = S3UploadTriggerConfig;

    fn check(config: S3UploadTriggerConfig, _: &str) -> ApiResult<S3UploadTriggerConfig> {
        Ok(config)
    }
}
