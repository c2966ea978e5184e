//! Where the objects of the first picture lie: what invocations write to, side by side. See docs/decisions/0019-allocation-layout.md.

use std::collections::HashMap;

use mayfly_abi::placement::{FREED, LOGGED_BYTES, Place};
use wasmtime::{Instance, Store};

use super::bytecode::{get, put};
use crate::sandbox::Sandbox;

/// As `make guest` measured it: a line for each place, with its ordinal, offset and size.
const PLAN: &str = include_str!("../../../guest-sdk/dist/engine.plan");
/// What a log has room for: ten times what there is to log.
const LOGGED_MAX: u32 = 1 << 20;

/// What becomes of the allocations while the first picture is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Placing {
    /// They are placed as planned.
    Planned,
    /// They stay where the allocator puts them, and are logged: for making a plan.
    Logged,
}

/// What was allocated for the first picture and is still there.
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

impl Placing {
    /// Tells the guest, before it makes anything.
    pub(super) async fn announce(
        self,
        instance: &Instance,
        store: &mut Store<Sandbox>,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Planned => {
                let places = places(PLAN);
                let bytes = places.iter().map(|place| place.offset + place.bytes).max().unwrap_or(0);
                let reserve = instance.get_typed_func::<u32, ()>(&mut *store, "reserve")?;
                reserve.call_async(&mut *store, bytes).await?;
                let encoded: Vec<u8> = places.into_iter().flat_map(Place::to_bytes).collect();
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
fn places(plan: &str) -> Vec<Place> {
    let mut places: Vec<Place> = plan.lines().filter_map(place).collect();
    places.sort_by_key(|place| place.ordinal);
    places
}

fn place(line: &str) -> Option<Place> {
    let mut words = line.split(' ').map(str::parse);
    let mut next = || words.next()?.ok();
    Some(Place { ordinal: next()?, offset: next()?, bytes: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_handed_over_by_ordinals_without_its_comments() {
        let places = places("# made\n7 16 28\n3 48 60\n\nx");
        let place = |ordinal, offset, bytes| Place { ordinal, offset, bytes };
        assert_eq!(places, [place(3, 48, 60), place(7, 16, 28)]);
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
