//! A cached function without a store behind it, for tests.

use serde_json::json;

use super::cached::CachedFunction;
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_store::{ActiveFunction, FunctionSettings};

/// An http function of `app`.
pub(crate) fn target(app: &str) -> CachedFunction {
    CachedFunction::new(ActiveFunction {
        function_id: "fn_1".into(),
        function_name: "hello".into(),
        app_id: app.into(),
        app_name: "demo".into(),
        paused: None,
        closed: false,
        app_settings: json!({}),
        version_id: "ver_1".into(),
        version: 1,
        image_digest: None,
        compiled: None,
        settings: FunctionSettings::default(),
        triggers: vec![Trigger { kind: TriggerKind::Http, config: json!({}), enabled: true }],
        env_revision: (0, 0),
        canary: None,
    })
}
