//! Compiled modules on disk, each with a MAC: native code is only ever mapped when this data directory wrote it.
#![allow(
    unsafe_code,
    reason = "mapping native code back in is unsafe by nature; docs/decisions/0005-artifacts.md"
)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use wasmtime::Module;

const KEY_FILE: &str = "artifacts.key";
const KEY_BYTES: usize = 32;

/// A directory of compiled modules for one build of wasmtime and one kind of machine.
#[derive(Debug)]
pub(crate) struct Artifacts {
    directory: PathBuf,
    key: LessSafeKey,
}

impl Artifacts {
    /// Opens `<cache_dir>/<build>`, making it and its key where they are missing.
    pub(crate) fn open(cache_dir: &Path, build: &str) -> io::Result<Self> {
        let directory = cache_dir.join(build);
        fs::create_dir_all(&directory)?;
        private(cache_dir)?;
        let key = UnboundKey::new(&AES_256_GCM, &key_bytes(&cache_dir.join(KEY_FILE))?)
            .map_err(|_| io::Error::other("the key of compiled modules is malformed"))?;
        Ok(Self { directory, key: LessSafeKey::new(key) })
    }

    /// The module of this name, or `None` when there is none that this directory's key vouches for.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, name: &str) -> Option<Module> {
        let mut file = File::open(self.path(name, "cwasm")).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let mac = fs::read(self.path(name, "mac")).ok()?;
        self.verify(name, &bytes, mac)?;
        drop(bytes);
        // SAFETY: the MAC says that this directory's owner wrote these bytes, with `Module::serialize`; files are
        // replaced by renaming, never written in place, so what was checked is what is mapped.
        unsafe { Module::deserialize_open_file(engine, file) }.ok()
    }

    /// Keeps a module under this name. Atomic: a crash leaves the old file or the new one.
    pub(crate) fn save(&self, name: &str, module: &Module) -> io::Result<()> {
        let bytes = module.serialize().map_err(io::Error::other)?;
        self.replace(name, "mac", &self.sign(name, &bytes)?)?;
        self.replace(name, "cwasm", &bytes)
    }

    /// A nonce, and the module's name sealed with the module as what is authenticated beside it: the name is part of
    /// what is vouched for, so that one function's file cannot pass for another's.
    fn sign(&self, name: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        let failed = |_| io::Error::other("no randomness");
        SystemRandom::new().fill(&mut nonce).map_err(failed)?;
        let mut sealed = name.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(bytes), &mut sealed).map_err(failed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Whether these bytes are what was signed under this name.
    fn verify(&self, name: &str, bytes: &[u8], mut mac: Vec<u8>) -> Option<()> {
        let (nonce, sealed) = mac.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(bytes), sealed).ok()?;
        (opened == name.as_bytes()).then_some(())
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

fn key_bytes(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(key) if key.len() == KEY_BYTES => return Ok(key),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut key = vec![0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no randomness"))?;
    fs::write(path, &key)?;
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
