//! What the C library asks of WASI and no sandbox has: files and an environment. Answered here, these are no imports,
//! which the host would have to resolve for every sandbox. See docs/decisions/0006-own-wasi-functions.md.
//!
//! The names are those by which wasi-libc imports them; whatever defines them takes the import's place.
#![expect(
    unsafe_code,
    reason = "symbols that the C library links with: docs/decisions/0006-own-wasi-functions.md"
)]

use core::mem::MaybeUninit;

const SUCCESS: i32 = 0;
const BAD_FILE: i32 = 8;
const NOT_SEEKABLE: i32 = 70;

const STDERR: i32 = 2;
const CHARACTER_DEVICE: u8 = 2;

/// What `fd_fdstat_get` fills in.
type FileStat = [u8; 24];

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_environ_sizes_get(
    count: &mut MaybeUninit<u32>,
    bytes: &mut MaybeUninit<u32>,
) -> i32 {
    count.write(0);
    bytes.write(0);
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_environ_get(_pointers: *mut *mut u8, _text: *mut u8) -> i32 {
    SUCCESS
}

/// Its standard streams are all it has: the C library asks whether they are terminals.
#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_fdstat_get(
    file: i32,
    stat: &mut MaybeUninit<FileStat>,
) -> i32 {
    if !(0..=STDERR).contains(&file) {
        return BAD_FILE;
    }
    let mut answer: FileStat = [0; 24];
    answer[0] = CHARACTER_DEVICE;
    stat.write(answer);
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_seek(
    _file: i32,
    _by: i64,
    _from: i32,
    _place: *mut u64,
) -> i32 {
    NOT_SEEKABLE
}

#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_fd_close(_file: i32) -> i32 {
    BAD_FILE
}

/// Ending the process ends the invocation: as a trap.
#[unsafe(no_mangle)]
extern "C" fn __imported_wasi_snapshot_preview1_proc_exit(_status: i32) -> ! {
    core::arch::wasm32::unreachable()
}
