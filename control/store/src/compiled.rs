//! The table of compiled functions: which functions of an image are compiled, so that every node compiles the same.

use tokio_postgres::Row;

use crate::{Store, StoreError};

/// Which builds of the engine and of its compiler a node has: images belong to the one, compiled functions to the other.
#[derive(Debug, Clone, Copy)]
pub struct EngineBuild<'a> {
    /// Of the engine.
    pub engine: &'a str,
    /// Of the compiler; empty where nothing is compiled.
    pub compiler: &'a str,
}

/// An engine that compiles nothing.
impl<'a> From<&'a str> for EngineBuild<'a> {
    fn from(engine: &'a str) -> Self {
        Self { engine, compiler: "" }
    }
}

/// What of an image is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledFunctions {
    /// Of the image and the code together, in hexadecimal.
    pub digest: String,
    /// 1, 2, 3... of an image.
    pub generation: u32,
    /// Where the functions' bytecode lies in the image, those that matter most first.
    pub addresses: Vec<u32>,
}

impl CompiledFunctions {
    /// From the columns `digest`, `generation` and `addresses` with this prefix; `None` where they are empty.
    pub(crate) fn from_row(row: &Row, prefix: &str) -> Option<Self> {
        let digest: Option<String> = row.get(&*format!("{prefix}digest"));
        let addresses: Option<Vec<i64>> = row.get(&*format!("{prefix}addresses"));
        let generation: Option<i32> = row.get(&*format!("{prefix}generation"));
        Some(Self {
            digest: digest?,
            generation: generation?.unsigned_abs(),
            addresses: addresses?.into_iter().filter_map(|address| u32::try_from(address).ok()).collect(),
        })
    }
}

/// The newest compiled functions of an image, whose columns they are: `digest`, `generation`, `addresses`.
pub(crate) fn newest(image: &str, compiler: &str) -> String {
    format!(
        "LATERAL (SELECT c.digest, c.generation, c.addresses FROM compiled_functions c
           WHERE c.image_digest = {image} AND c.compiler_digest = {compiler}
           ORDER BY c.generation DESC LIMIT 1)"
    )
}

/// Whether versions with the image of a parameter get calls.
const SERVES: &str = "EXISTS (SELECT FROM version_images i JOIN functions f ON f.active_version_id = i.version_id
        WHERE i.image_digest = $1)
    OR EXISTS (SELECT FROM version_images i JOIN rollouts r ON r.version_id = i.version_id AND r.state = 'running'
        WHERE i.image_digest = $1)";

/// The table of compiled functions.
#[derive(Debug, Clone, Copy)]
pub struct CompiledTable<'a> {
    store: &'a Store,
}

impl Store {
    /// The table of compiled functions.
    pub fn compiled(&self) -> CompiledTable<'_> {
        CompiledTable { store: self }
    }
}

impl CompiledTable<'_> {
    /// Whether a version with this image gets calls.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn serves(&self, image_digest: &str) -> Result<bool, StoreError> {
        let client = self.store.client().await?;
        Ok(client.query_one(&format!("SELECT {SERVES}"), &[&image_digest]).await?.get(0))
    }

    /// Store what was compiled of an image that still gets calls. Where another node was first with this generation, its
    /// row stays. Answers the one that is stored then; `None`: the image gets no calls any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put(
        &self,
        image_digest: &str,
        compiler_digest: &str,
        compiled: &CompiledFunctions,
        names: &[String],
    ) -> Result<Option<CompiledFunctions>, StoreError> {
        let generation = i32::try_from(compiled.generation).unwrap_or(i32::MAX);
        let addresses: Vec<i64> = compiled.addresses.iter().copied().map(i64::from).collect();
        let client = self.store.client().await?;
        let sql = format!(
            "INSERT INTO compiled_functions (image_digest, compiler_digest, generation, digest, addresses, names)
             SELECT $1, $2, $3, $4, $5, $6 FROM images WHERE digest = $1 AND ({SERVES})
             ON CONFLICT DO NOTHING"
        );
        let names: Vec<String> = names.iter().map(|name| name.replace('\0', "\u{fffd}")).collect();
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
            [&image_digest, &compiler_digest, &generation, &compiled.digest, &addresses, &names];
        client.execute(&sql, &params).await?;
        let sql = "SELECT digest, generation, addresses FROM compiled_functions
                   WHERE image_digest = $1 AND compiler_digest = $2 AND generation = $3";
        let row = client.query_opt(sql, &[&image_digest, &compiler_digest, &generation]).await?;
        Ok(row.and_then(|row| CompiledFunctions::from_row(&row, "")))
    }

    /// What is known by this digest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find(
        &self,
        image_digest: &str,
        compiler_digest: &str,
        digest: &str,
    ) -> Result<Option<CompiledFunctions>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT digest, generation, addresses FROM compiled_functions
                   WHERE image_digest = $1 AND compiler_digest = $2 AND digest = $3 LIMIT 1";
        let row = client.query_opt(sql, &[&image_digest, &compiler_digest, &digest]).await?;
        Ok(row.and_then(|row| CompiledFunctions::from_row(&row, "")))
    }

    /// The names of a version's functions that are compiled.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn names(&self, version_id: &str, build: EngineBuild<'_>) -> Result<Vec<String>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT c.names FROM version_images i
                   JOIN compiled_functions c ON c.image_digest = i.image_digest AND c.compiler_digest = $3
                   WHERE i.version_id = $1 AND i.engine_digest = $2 ORDER BY c.generation DESC LIMIT 1";
        let row = client.query_opt(sql, &[&version_id, &build.engine, &build.compiler]).await?;
        Ok(row.map(|row| row.get(0)).unwrap_or_default())
    }
}
