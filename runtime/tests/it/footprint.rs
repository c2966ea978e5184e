//! How much of its memory an invocation writes: each page is copied on write and put back afterwards. wasmtime is told
//! of 32 regions and unmaps what lies beyond them, which every later user of the slot pays for in page faults; and around each page
//! that is put back, Linux maps the stretch of 64 KiB of the image's file.
//!
//! When these are red after a change of the guest, its plan is another guest's: `make guest`.

use crate::support::{block_on, call, image, invoke, text, unused_engine};

const PAGES_MAX: usize = 16;
const REGIONS_MAX: usize = 10;
const STRETCHES_MAX: usize = 6;
/// What is read is side by side as well: Linux maps the whole stretch around it.
const MAPPED_MAX: usize = 96;
const PAGES_PER_STRETCH: usize = 16;

/// What one call uses.
#[derive(Debug, PartialEq)]
struct Used {
    pages: usize,
    regions: usize,
    stretches: usize,
    mapped: usize,
}

fn used(code: &str) -> Used {
    let engine = unused_engine();
    let digest = image(code).digest().to_owned();
    let image = engine.cached(&digest).unwrap();
    let footprint = block_on(engine.footprint(&image, call())).unwrap();
    let pages = footprint.written;
    let gaps = pages.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
    let stretches: std::collections::BTreeSet<usize> =
        pages.iter().map(|page| page / PAGES_PER_STRETCH).collect();
    let regions = gaps + usize::from(!pages.is_empty());
    Used { pages: pages.len(), regions, stretches: stretches.len(), mapped: footprint.mapped }
}

#[test]
fn a_small_invocation_writes_few_pages_side_by_side() {
    let used = used("export async function handler(req, ctx) { return Response.json({ hello: 'world' }); }");
    assert!((4..=PAGES_MAX).contains(&used.pages), "{used:?}");
    assert!((1..=REGIONS_MAX).contains(&used.regions), "{used:?}");
    assert!((1..=STRETCHES_MAX).contains(&used.stretches), "{used:?}");
    assert!((used.pages..=MAPPED_MAX).contains(&used.mapped), "{used:?}");
}

#[test]
fn what_functions_do_beside_is_not_far_away() {
    let used = used(
        "export async function handler(req, ctx) { const url = new URL(req.url); console.log(url.pathname); \
         const name = url.searchParams.get('name') ?? crypto.randomUUID(); await new Promise((r) => setTimeout(r, 1)); \
         return new Response(name, { headers: { 'x-name': btoa(name) } }); }",
    );
    assert!(used.pages <= 3 * PAGES_MAX && used.stretches <= STRETCHES_MAX + 4, "{used:?}");
}

#[test]
fn gaps_that_a_top_level_leaves_are_not_written_to() {
    // Some of what was made stays, so that the heap has gaps of every size, also above the large ones.
    let used = used(
        "const kept = []; \
         { const gone = []; for (let i = 0; i < 4000; i++) { \
             (i % 7 === 0 ? kept : gone).push(new Uint8Array((i * 37) % 900), 'x'.repeat(i % 300), { i }); \
             if (i % 500 === 0) gone.push(new Uint8Array(700 << 10)); } } \
         export default (req) => new Response(String(kept.length) + new URL(req.url).pathname);",
    );
    assert!(used.pages <= PAGES_MAX + 8 && used.regions <= REGIONS_MAX + 3, "{used:?}");
}

#[test]
fn a_heap_of_large_gaps_is_whole_afterwards() {
    // Gaps of the size of a probe and more, with something small between them, in odd distances.
    let image = image(
        "const kept = []; \
         { const gone = []; for (let i = 0; i < 60; i++) { \
             gone.push(new Uint8Array((64 << 10) + 300 * i)); kept.push(new Uint8Array(100 * (i % 9) + 1).fill(i)); } } \
         export default () => { \
             const more = Array.from({ length: 2000 }, (_, i) => new Uint8Array(i).fill(1)); \
             const sum = (all) => all.reduce((n, it) => n + it.reduce((a, b) => a + b, 0), 0); \
             return new Response(`${sum(kept)} ${sum(more)}`); };",
    );
    let kept: usize = (0..60).map(|i| (100 * (i % 9) + 1) * i).sum();
    assert_eq!(text(invoke(&image, call()).0), format!("{kept} {}", 2000 * 1999 / 2));
}
