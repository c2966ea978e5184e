//! Functions: cached for calls, resolved by path, rolled out as canaries, managed by their owner.

mod cache;
mod cached;
mod canary;
mod http_trigger;
mod resolve;
mod rollouts;
#[cfg(test)]
pub(crate) mod testing;
mod tool;
mod within;

pub use cache::FunctionCache;
pub use cached::CachedFunction;
pub(crate) use cached::DecryptedEnv;
pub use canary::choose_version;
pub use http_trigger::HttpTrigger;
pub(crate) use http_trigger::PATH_BYTES_MAX;
pub use resolve::ResolvedCall;
pub use rollouts::Rollouts;
pub(crate) use rollouts::{deploy_terms, info as rollout_info};
pub use tool::check_tool;
pub(crate) use within::{path_within, url_shown};
