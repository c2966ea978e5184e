//! The allocation layout of the engine image: what invocations write to lies side by side. See
//! docs/decisions/0019-allocation-layout.md.

use std::collections::HashMap;

use mayfly_abi::placement::{FREED, LOGGED_BYTES, LayoutEntry};
use wasmtime::{Instance, Store};

use super::guest_call::{get, put};
use crate::sandbox::Sandbox;

/// As `make guest` measured it: a line for each allocation, with its ordinal, offset and size.
const PLAN: &str = include_str!("../../../guest-sdk/dist/engine.plan");
/// Entries that a log has room for: more than there is to log.
const LOGGED_MAX: u32 = 1 << 18;

/// Where allocations go while the engine image is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AllocationLayout {
    /// Where the plan says.
    Planned,
    /// Where the allocator puts them, and logged: for making a plan.
    Logged,
}

/// An allocation of the engine image that was not freed.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Which one it was, from 1.
    pub ordinal: u32,
    /// Where it lies.
    pub address: u32,
    /// Its size.
    pub bytes: u32,
}

impl AllocationLayout {
    /// Tells the guest, before it allocates anything.
    pub(super) async fn announce(
        self,
        instance: &Instance,
        store: &mut Store<Sandbox>,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Planned => {
                let entries = entries(PLAN);
                let bytes = entries.iter().map(|entry| entry.offset + entry.bytes).max().unwrap_or(0);
                let reserve = instance.get_typed_func::<u32, ()>(&mut *store, "reserve")?;
                reserve.call_async(&mut *store, bytes).await?;
                let encoded: Vec<u8> = entries.into_iter().flat_map(LayoutEntry::to_bytes).collect();
                let (ptr, len) = put(instance, store, &encoded).await?;
                let plan = instance.get_typed_func::<(u32, u32), ()>(&mut *store, "plan")?;
                plan.call_async(store, (ptr, len)).await
            }
            Self::Logged => {
                let log = instance.get_typed_func::<u32, ()>(&mut *store, "log_allocations")?;
                log.call_async(store, LOGGED_MAX).await
            }
        }
    }
}

/// What the guest logged.
pub(super) async fn logged(
    instance: &Instance,
    store: &mut Store<Sandbox>,
) -> wasmtime::Result<Vec<Allocation>> {
    let log = instance.get_typed_func::<(), u64>(&mut *store, "logged_allocations")?;
    let packed = log.call_async(&mut *store, ()).await?;
    Ok(surviving(&get(store, packed as u32, (packed >> 32) as u32)?))
}

fn surviving(log: &[u8]) -> Vec<Allocation> {
    let mut ordinal = 0;
    let mut alive = HashMap::new();
    for [a, b, c, d, e, f, g, h] in log.as_chunks::<LOGGED_BYTES>().0.iter().copied() {
        let (address, bytes) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        if bytes == FREED {
            alive.remove(&address);
        } else {
            ordinal += 1;
            alive.insert(address, Allocation { ordinal, address, bytes });
        }
    }
    let mut alive: Vec<Allocation> = alive.into_values().collect();
    alive.sort_by_key(|allocation| allocation.address);
    alive
}

/// The plan by ordinals. A line that cannot be read is left out: its allocation lies elsewhere.
fn entries(plan: &str) -> Vec<LayoutEntry> {
    let mut entries: Vec<LayoutEntry> = plan.lines().filter_map(entry).collect();
    entries.sort_by_key(|entry| entry.ordinal);
    entries
}

fn entry(line: &str) -> Option<LayoutEntry> {
    let mut words = line.split(' ').map(str::parse);
    let mut next = || words.next()?.ok();
    Some(LayoutEntry { ordinal: next()?, offset: next()?, bytes: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_handed_over_by_ordinals_without_its_comments() {
        let entries = entries("# made\n7 16 28\n3 48 60\n\nx");
        let entry = |ordinal, offset, bytes| LayoutEntry { ordinal, offset, bytes };
        assert_eq!(entries, [entry(3, 48, 60), entry(7, 16, 28)]);
    }

    #[test]
    fn what_was_given_back_is_not_there() {
        let entries = [(100, 8), (200, 16), (100, FREED), (100, 4)];
        let log: Vec<u8> = entries
            .iter()
            .flat_map(|(a, b): &(u32, u32)| [a.to_le_bytes(), b.to_le_bytes()])
            .flatten()
            .collect();
        let allocation = |ordinal, address, bytes| Allocation { ordinal, address, bytes };
        assert_eq!(surviving(&log), [allocation(3, 100, 4), allocation(2, 200, 16)]);
    }
}
