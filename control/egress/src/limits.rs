//! The limits of one `fetch`.

use mayfly_common::cidr::Cidr;
use mayfly_ledger::Account;

use super::EgressLists;

/// The longest body of a response, decompressed. A function reads it in chunks: what it holds of it is limited by its
/// own memory.
pub(super) const BODY_BYTES_MAX: u64 = 5 << 30;

/// The limits of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct FetchLimits<'a> {
    /// The operator's exceptions from what is public.
    pub(super) allow: &'a [Cidr],
    /// The app's own lists of hosts.
    pub(super) lists: Option<&'a EgressLists>,
    /// The app's account of the bytes that are held for it.
    pub(super) account: &'a Account,
    /// The longest body of a response.
    pub(super) body_bytes_max: u64,
}
