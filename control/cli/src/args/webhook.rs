//! Flags of `mayfly webhook`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Verbs of webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookVerb {
    /// Send a sample delivery, signed as its provider would sign it
    Send(Box<WebhookSendArgs>),
    /// What came to a function's webhook trigger, newest first
    List {
        /// The function
        name: String,
        /// Only those in this state: received, running, done, failed or dead
        #[arg(long)]
        state: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// One delivery, and what became of it
    Get {
        /// The function
        name: String,
        /// whd_...
        id: String,
    },
    /// Run a delivery that has ended once more
    Replay {
        /// The function
        name: String,
        /// whd_...
        id: String,
    },
}

/// Flags of `mayfly webhook send`.
#[derive(Debug, Args)]
pub struct WebhookSendArgs {
    /// stripe, github, slack, twilio, discord, telegram, shopify, standard, svix or custom
    pub provider: String,
    /// What happened, in the provider's words [default: a usual one]
    pub event: Option<String>,
    /// The function
    #[arg(long, value_name = "NAME")]
    pub to: String,
    /// What the trigger is set to; of Discord, the private key as 64 hexadecimal digits [default: as in DIR/NAME/function.json]
    #[arg(long, env = "MAYFLY_WEBHOOK_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Where the function's folder is
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// The delivery's id [default: another one each time]
    #[arg(long)]
    pub id: Option<String>,
    /// The body, or @FILE [default: a sample of the event]
    #[arg(long, short)]
    pub data: Option<String>,
    /// How many seconds ago it was signed
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub age: i64,
    /// The signature's header, of a custom provider
    #[arg(long, default_value = "x-signature")]
    pub header: String,
}
