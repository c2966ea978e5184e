//! The default of `--max-memory`: a share of what the machine has, or the control group that this process is in.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::ByteSize;

/// The rest is for PostgreSQL, the code of functions, and the kernel's page cache.
const SHARE: u64 = 2;
/// Less holds hardly a sandbox of each of a few apps.
pub(super) const LEAST_BYTES: u64 = 64 << 20;
/// Where the machine does not say what it has.
const UNKNOWN: u64 = 2 << 30;

/// Half of the memory that there is.
pub(super) fn default_memory() -> ByteSize {
    let refresh = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let found = System::new_with_specifics(refresh)
        .map(|system| (system.total_memory(), system.cgroup_limits().map(|limits| limits.total_memory)));
    let (machine, limited) = found.unwrap_or_default();
    ByteSize::of(share(machine, limited))
}

fn share(machine: u64, limited: Option<u64>) -> u64 {
    let has = limited.filter(|bytes| *bytes > 0).map_or(machine, |limited| limited.min(machine));
    if has == 0 { UNKNOWN } else { (has / SHARE).max(LEAST_BYTES) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_is_what_there_is() {
        assert_eq!(share(8 << 30, None), 4 << 30);
        assert_eq!(share(8 << 30, Some(1 << 30)), 512 << 20);
        assert_eq!(share(8 << 30, Some(u64::MAX)), 4 << 30, "one without a limit");
        assert_eq!(share(8 << 30, Some(0)), 4 << 30);
        assert_eq!(share(0, None), UNKNOWN);
        assert_eq!(share(8 << 30, Some(100 << 20)), LEAST_BYTES);
        assert!(default_memory().bytes() >= 64 << 20);
    }
}
