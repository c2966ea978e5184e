//! Compiled modules on disk, each with a MAC: native code is only ever mapped when this data directory wrote it.
#![allow(
    unsafe_code,
    reason = "mapping native code back in is unsafe by nature; docs/decisions/0005-authenticated-native-code.md"
)]

mod eviction;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};
use wasmtime::Module;

use eviction::Eviction;

/// What the names of functions' images begin with.
pub(crate) const IMAGE_PREFIX: &str = "image-";
/// What those of images with compiled functions begin with, and of the functions' code.
pub(crate) const COMPILED_PREFIX: &str = "compiled-";
/// Only these are evicted: the others are the engine's own.
const EVICTED: &[&str] = &[IMAGE_PREFIX, COMPILED_PREFIX];
const KEY_FILE: &str = "artifacts.key";
const KEY_BYTES: usize = blake3::KEY_LEN;

/// A directory of compiled modules for one build of wasmtime and one kind of machine.
#[derive(Debug)]
pub(crate) struct Artifacts {
    directory: PathBuf,
    key: [u8; KEY_BYTES],
    eviction: Eviction,
    refused: AtomicU64,
}

impl Artifacts {
    /// Opens `<cache_dir>/<build>`, making it and its key where they are missing. All builds together hold `bytes_max`.
    pub(crate) fn open(cache_dir: &Path, build: &str, bytes_max: u64) -> io::Result<Self> {
        let directory = cache_dir.join(build);
        fs::create_dir_all(&directory)?;
        private(cache_dir)?;
        let key = key_bytes(&cache_dir.join(KEY_FILE))?;
        let eviction = Eviction::new(cache_dir, &directory, EVICTED, bytes_max)?;
        Ok(Self { directory, key, eviction, refused: AtomicU64::new(0) })
    }

    /// How many modules were there and not taken: changed by others, or of another build.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The module of this name, or `None` when there is none that this directory's key vouches for.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, name: &str) -> Option<Module> {
        let file = File::open(self.path(name, "cwasm")).ok()?;
        let module = self.vouched(engine, name, file);
        if module.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(name, "a compiled module in the cache directory is not what was kept there");
            // It is of no use to anyone: what is made again takes its place.
            let _gone = fs::remove_file(self.path(name, "cwasm"));
        }
        module
    }

    fn vouched(&self, engine: &wasmtime::Engine, name: &str, mut file: File) -> Option<Module> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let mac = fs::read(self.path(name, "mac")).ok()?;
        // Comparing two of these takes the same time wherever they differ.
        if self.mac(name, &bytes) != blake3::Hash::from_bytes(mac.try_into().ok()?) {
            return None;
        }
        drop(bytes);
        // Only what the sweep goes by: a module whose time cannot be set is as good as any.
        let _set = file.set_modified(crate::clock::now());
        // SAFETY: the MAC says that this directory's owner wrote these bytes, as `Module::serialize` or the compile worker's
        // `Engine::precompile_module` gave them (docs/decisions/0048-compile-hot-functions.md); files are replaced by
        // renaming, never written in place, so what was checked is what is mapped.
        let module = unsafe { Module::deserialize_open_file(engine, file) }.ok()?;
        forget_pages(&module);
        Some(module)
    }

    /// Keeps a module under this name. Atomic: a crash leaves the old file or the new one.
    pub(crate) fn save(&self, name: &str, module: &Module) -> io::Result<()> {
        self.save_bytes(name, &module.serialize().map_err(io::Error::other)?)
    }

    /// Keeps the serialized module of a compiler that is trusted as this process is: its code will be run.
    pub(crate) fn save_bytes(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mac = self.mac(name, bytes);
        self.replace(name, "mac", mac.as_bytes())?;
        self.replace(name, "cwasm", bytes)?;
        self.eviction.wrote((bytes.len() + mac.as_bytes().len()) as u64);
        Ok(())
    }

    /// The name is part of what is vouched for: one function's file must not pass for another's.
    fn mac(&self, name: &str, bytes: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.key).update(name.as_bytes()).update(&[0]).update(bytes).finalize()
    }

    fn replace(&self, name: &str, extension: &str, bytes: &[u8]) -> io::Result<()> {
        let mut token = [0; 8];
        SystemRandom::new().fill(&mut token).map_err(|_| io::Error::other("no randomness"))?;
        let temporary = self.path(name, &format!("{extension}.{:016x}.tmp", u64::from_le_bytes(token)));
        let mut file = File::create(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| fs::rename(&temporary, self.path(name, extension)));
        renamed.inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.directory.join(format!("{name}.{extension}"))
    }
}

/// Looking through a module when it is loaded has mapped most of its pages, and invocations need few of them. The rest are
/// no function's to keep: whatever is needed comes back from the file.
#[cfg(target_os = "linux")]
fn forget_pages(module: &Module) {
    let range = module.image_range();
    let length = range.end as usize - range.start as usize;
    // SAFETY: the range is the module's own mapping of the file that was just opened. Nothing was written to it, so that
    // each page comes back as it was. A failure leaves everything as it is.
    unsafe {
        libc::madvise(range.start.cast_mut().cast(), length, libc::MADV_DONTNEED);
    }
}

#[cfg(not(target_os = "linux"))]
fn forget_pages(_module: &Module) {}

fn key_bytes(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match fs::read(path) {
        Ok(key) => {
            if let Ok(key) = key.try_into() {
                return Ok(key);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no randomness"))?;
    fs::write(path, key)?;
    private(path)?;
    Ok(key)
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> io::Result<()> {
    Ok(())
}
