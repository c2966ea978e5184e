//! Verbs about agents: policies, the audit log, approvals.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Verbs of policies.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Check a policy's file
    Check {
        /// The policy, JSON
        file: PathBuf,
        /// For another server than Mayfly: any tool may be named
        #[arg(long)]
        any_tool: bool,
    },
    /// Decide a call by a policy's file: which rule, and why
    Test {
        /// The policy, JSON
        file: PathBuf,
        /// The call, JSON: {"tool", "arguments"?, "app"?, "key"?, "user"?, "role"?}
        call: PathBuf,
    },
    /// Say in words what a policy's file means
    Explain {
        /// The policy, JSON
        file: PathBuf,
    },
    /// Show the app's policy
    Get,
    /// Set the app's policy; this takes the operator's key
    Set {
        /// The policy, JSON
        file: PathBuf,
    },
    /// Remove the app's policy; this takes the operator's key
    Clear,
}

/// Which calls of the audit log.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only calls of this tool
    #[arg(long)]
    pub tool: Option<String>,
    /// Only allowed, denied, rate_limited, approval_required or refused ones
    #[arg(long)]
    pub decision: Option<String>,
    /// Only of this identity, such as key:key_...
    #[arg(long)]
    pub identity: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Verbs of approvals; they take the operator's key.
#[derive(Debug, Subcommand)]
pub enum ApprovalVerb {
    /// List approvals, newest first
    List {
        /// Only pending, approved, denied, used or expired ones
        #[arg(long)]
        state: Option<String>,
    },
    /// Show a call that waits, with its arguments
    Show {
        /// The approval
        id: String,
    },
    /// Let a call be made, once
    Approve {
        /// The approval
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Refuse a call
    Deny {
        /// The approval
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}
