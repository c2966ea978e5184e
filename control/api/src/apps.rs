//! `/v1/apps`: apps, as the operator sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::AppName;
use crate::value::{Pattern, Text, Timestamp, words};

words! {
    /// Where an app is in its life.
    AppState {
        /// Its database is being made.
        Provisioning = "provisioning",
        /// It can be used.
        Ready = "ready",
        /// Its database is being dropped.
        Deleting = "deleting",
    }
}

/// Makes an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// The operator's name for it; need not be unique.
    pub name: Pattern<AppName>,
}

/// A new app, with its keys, which are shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedApp {
    /// `app_` and 12 characters.
    pub app_id: String,
    /// Its name.
    pub name: String,
    /// Manages and calls the app's functions.
    pub service_key: String,
    /// Identifies the app's public clients.
    pub anon_key: String,
    /// The URL that its routes begin with.
    pub api_base: String,
}

/// An app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "App")]
pub struct AppInfo {
    /// `app_` and 12 characters.
    pub app_id: String,
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub state: AppState,
    /// Whether its functions are switched off.
    pub paused: bool,
    /// Why.
    pub paused_reason: Option<String>,
    /// Why the server has closed it (`APP_CLOSED`); null: it is not closed.
    pub closed_reason: Option<String>,
    /// The URL that its routes begin with.
    pub api_base: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// All apps.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppList {
    /// In the order in which they were made.
    pub apps: Vec<AppInfo>,
}

/// Parameters of a deletion.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteApp {
    /// The app's id once more: deleting drops its database.
    #[serde(default)]
    pub confirm: Option<Text<0, 100>>,
}

/// It was done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Success {
    /// Always true.
    pub success: bool,
}

impl Success {
    /// It was done.
    pub const DONE: Self = Self { success: true };
}
