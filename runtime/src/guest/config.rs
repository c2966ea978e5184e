//! Configures wasmtime for hostile guests: each setting says why.

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

/// The largest memory limit that a function may ask for.
const MEMORY_BYTES_MAX: usize = 1 << 30;
// The guest's JavaScript stops itself at 900 KiB of shadow stack; native frames need about twice that at that depth.
const WASM_STACK_BYTES: usize = 16 << 20;
// What host functions may use on top; an overflow of this would end the process.
const HOST_STACK_BYTES: usize = 1 << 20;
// Pages that an invocation dirtied are copied back rather than unmapped, up to this much: a small function dirties a
// quarter of it. Measured in docs/decisions/0004-reset-pool-slots.md.
const KEEP_RESIDENT_BYTES: usize = 512 << 10;
// The limit for native stacks: they are zeroed after use, and small functions use little.
const KEEP_STACK_RESIDENT_BYTES: usize = 64 << 10;
// The engine's table has some 800 entries.
const TABLE_ELEMENTS: usize = 4_096;

/// The configuration of the one wasmtime engine of a process.
pub(crate) fn wasmtime_config(slots: u32) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    // Fuel is the one meter: it counts work, is the same on every machine, and its yields are where the wall clock
    // ends a guest. Epochs would cost every loop a second check.
    config.consume_fuel(true);
    config.max_wasm_stack(WASM_STACK_BYTES);
    config.async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES);
    config.async_stack_zeroing(true);
    // Traps are named by their code; a backtrace through the engine says nothing to a tenant.
    config.wasm_backtrace_max_frames(None);
    config.memory_init_cow(true);
    switch_off_proposals(&mut config);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots)));
    config
}

/// Proposals that the engine module does not use are refused: most advisories are about the newer ones.
fn switch_off_proposals(config: &mut Config) {
    config
        .wasm_custom_page_sizes(false)
        .wasm_exceptions(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_shared_everything_threads(false)
        .wasm_stack_switching(false)
        .wasm_tail_call(false)
        .wasm_threads(false)
        .wasm_wide_arithmetic(false);
}

fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    // Three core instances a sandbox: the image, which is only memory, and the engine and the image's compiled functions, which are
    // only code and have a table each.
    pool.total_core_instances(3 * slots);
    pool.total_memories(slots);
    pool.total_tables(2 * slots);
    pool.total_stacks(slots);
    pool.max_memories_per_module(1);
    pool.max_tables_per_module(1);
    pool.max_memory_size(MEMORY_BYTES_MAX);
    pool.table_elements(TABLE_ELEMENTS);
    pool.linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
    // Where the kernel can say which pages were written, only those are reset: without it the first bytes of the memory
    // are, which are an empty stack.
    pool.pagemap_scan(Enabled::Auto);
    pool.table_keep_resident(TABLE_ELEMENTS * size_of::<usize>());
    pool.async_stack_keep_resident(KEEP_STACK_RESIDENT_BYTES);
    pool
}
