//! Measures and prints the allocation layout of the engine image: `make guest` stores it as
//! `guest-sdk/dist/engine.plan`.
//!
//! Runs typical functions over an image without a layout, finds the allocations that each touches, and puts those first that
//! most of them write to, and behind them those that most of them read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;

use mayfly_abi::placement::{ALIGN_BYTES, FIRST_ARENA_BYTES, HEADER_BYTES, LayoutEntry};
use mayfly_benches::typical;
use mayfly_runtime::{Allocation, Engine, EngineConfig, Source, Touched};

/// The size of both arenas, in bytes.
const ARENA_BYTES_MAX: usize = 512 << 10;
/// Of larger allocations few bytes are touched: they would separate the others, and come behind them.
const SMALL_BYTES_MAX: u32 = 4 << 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = tempfile::tempdir()?;
    let (engine, allocations) = Engine::unplanned(EngineConfig::new(cache.path())).await?;
    let mut users: BTreeMap<u32, Users> = BTreeMap::new();
    for (number, function) in typical::FUNCTIONS.iter().enumerate() {
        let touched = touched(&engine, function).await?;
        for ordinal in holders(&allocations, &touched.read) {
            users.entry(ordinal).or_default().readers.insert(number);
        }
        for ordinal in holders(&allocations, &touched.written) {
            users.entry(ordinal).or_default().writers.insert(number);
        }
    }
    let sizes: BTreeMap<u32, u32> = allocations.iter().map(|made| (made.ordinal, made.bytes)).collect();
    let places = arrange(&users, &sizes);
    let mut plan = format!(
        "# Made by `make guest` for the engine {}: ordinal, offset and size of each placed allocation.\n",
        engine.digest()
    );
    for place in places {
        writeln!(plan, "{} {} {}", place.ordinal, place.offset, place.bytes)?;
    }
    print!("{plan}");
    Ok(())
}

/// The functions that use an allocation, by their numbers.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Users {
    writers: BTreeSet<usize>,
    readers: BTreeSet<usize>,
}

/// What one function's invocation touches.
async fn touched(engine: &Engine, function: &typical::Function) -> Result<Touched, Box<dyn Error>> {
    let source =
        Source { file_name: format!("{}.ts", function.name), code: function.code(), source_map: None };
    let build = engine.build(&source).await?;
    let image = engine.load(&build.digest, &build.image).await?;
    Ok(engine.touched(&image, function.call()).await?)
}

/// The ordinals of the allocations in which these places are.
fn holders(allocations: &[Allocation], places: &[usize]) -> BTreeSet<u32> {
    places.iter().filter_map(|place| holder(allocations, *place)).collect()
}

/// The allocation that contains an address; `allocations` are sorted by address.
fn holder(allocations: &[Allocation], place: usize) -> Option<u32> {
    let last = place as u32 + (ALIGN_BYTES as u32 - 1);
    let behind = allocations.partition_point(|made| made.address <= last);
    let made = allocations.get(behind.checked_sub(1)?)?;
    (made.address + made.bytes > place as u32).then_some(made.ordinal)
}

/// Sorts: first what most functions touch, then the rest; in both what is written to before what is only read, and what the same
/// functions touch side by side.
fn arrange(users: &BTreeMap<u32, Users>, sizes: &BTreeMap<u32, u32>) -> Vec<LayoutEntry> {
    let mut wanted: Vec<_> =
        users.iter().filter_map(|(ordinal, users)| Some((users, *ordinal, *sizes.get(ordinal)?))).collect();
    wanted.sort_by_key(|(users, ordinal, bytes)| {
        let touching = users.writers.union(&users.readers).count();
        (
            2 * touching < typical::FUNCTIONS.len(),
            users.writers.is_empty(),
            Reverse(users.writers.len()),
            Reverse(users.readers.len()),
            *bytes > SMALL_BYTES_MAX,
            *users,
            *ordinal,
        )
    });
    let mut places = Vec::new();
    let mut offset = ALIGN_BYTES;
    for (_, ordinal, bytes) in wanted {
        let room = (bytes as usize + HEADER_BYTES).next_multiple_of(ALIGN_BYTES) - HEADER_BYTES;
        if offset < FIRST_ARENA_BYTES && offset + room > FIRST_ARENA_BYTES {
            offset = FIRST_ARENA_BYTES + ALIGN_BYTES;
        }
        if offset + room > ARENA_BYTES_MAX {
            break;
        }
        places.push(LayoutEntry { ordinal, offset: offset as u32, bytes: room as u32 });
        offset += room + HEADER_BYTES;
    }
    eprintln!("{} allocations are placed in {offset} bytes", places.len());
    places.sort_by_key(|place| place.ordinal);
    places
}
