//! `manage_storage`: buckets and objects of an app, and what uploads started.

use mayfly_api::routes::RouteId;

use crate::action::ToolAction;

use super::{Hints, ToolDefinition, as_they_are};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "manage_storage",
    title: "Manage Storage",
    description: DESCRIPTION,
    // `upload_replay` runs a function, a presigned URL may write.
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: true },
    actions: &[
        ToolAction::new("get", RouteId::StorageGet),
        ToolAction::new("create_bucket", RouteId::BucketsCreate),
        ToolAction::new("delete_bucket", RouteId::BucketsDelete),
        ToolAction::new("list_objects", RouteId::ObjectsList),
        ToolAction::new("presign", RouteId::StoragePresign),
        ToolAction::new("uploads", RouteId::UploadsList),
        ToolAction::new("upload", RouteId::UploadGet),
        ToolAction::new("upload_replay", RouteId::UploadReplay),
    ],
    words: &[
        ("function_name", "uploads, upload, upload_replay: the function with the upload trigger."),
        ("upload_id", "upload, upload_replay: the upload event (upl_...)."),
        ("bucket", "The bucket's name."),
    ],
    prepare: as_they_are,
};

const DESCRIPTION: &str = r#"Shows what an app stores, makes and deletes buckets, and shows what uploads started.

Actions, each with app_id
  get                                       buckets, objects, bytes, and the endpoint for clients of S3
  create_bucket { name }
  delete_bucket { bucket }                  one that is empty
  list_objects  { bucket, prefix?, ... }    by key, in pages
  presign       { bucket, key, ... }        a URL with which an object is read or written without a key
  uploads       { function_name, ... }      objects that fired its upload trigger, newest first
  upload        { function_name, upload_id }
  upload_replay { function_name, upload_id }   runs an upload event that has ended once more"#;
