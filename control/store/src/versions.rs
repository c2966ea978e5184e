//! The tables of versions and images: immutable, kept with their source.

use chrono::{DateTime, Utc};
use tokio_postgres::Transaction;

use crate::{Store, StoreError};

/// One deployed version of a function, without its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `ver_...`
    pub id: String,
    /// 1, 2, 3... within the function.
    pub number: u32,
    /// The source's file name.
    pub file_name: String,
    /// Bytes of source.
    pub code_bytes: u64,
    /// Whether it is the one that serves.
    pub active: bool,
    /// When it was deployed.
    pub created_at: DateTime<Utc>,
    /// The state of the app's schema then, where it was known.
    pub schema_fingerprint: Option<String>,
}

/// A version that gets calls, and the state of the schema that it was deployed against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The function's name.
    pub function: String,
    /// The version's number.
    pub version: u32,
    /// The state's fingerprint.
    pub schema_fingerprint: String,
}

/// A version's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSource {
    /// `ver_...`
    pub id: String,
    /// 1, 2, 3... within the function.
    pub number: u32,
    /// The source's file name.
    pub file_name: String,
    /// As it was deployed.
    pub code: String,
    /// JSON.
    pub source_map: String,
}

/// A snapshot to be stored.
#[derive(Debug, Clone)]
pub struct StoredImage {
    /// SHA-256 of the bytes, in hexadecimal.
    pub digest: String,
    /// The engine build that it belongs to.
    pub engine_digest: String,
    /// The image.
    pub bytes: Vec<u8>,
    /// Fuel that its top level used.
    pub init_fuel: u64,
}

/// The tables of versions and images.
#[derive(Debug, Clone, Copy)]
pub struct VersionsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The tables of versions and images.
    pub fn versions(&self) -> VersionsTable<'_> {
        VersionsTable { store: self }
    }
}

impl VersionsTable<'_> {
    /// A function's versions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, app_id: &str, function_name: &str) -> Result<Vec<Version>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT v.id, v.number, v.file_name, octet_length(v.code)::bigint,
                        v.id IS NOT DISTINCT FROM f.active_version_id, v.created_at, v.schema_fingerprint
                 FROM versions v JOIN functions f ON f.id = v.function_id
                 WHERE f.app_id = $1 AND f.name = $2 ORDER BY v.number DESC",
                &[&app_id, &function_name],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| Version {
                id: row.get(0),
                number: row.get::<_, i32>(1).unsigned_abs(),
                file_name: row.get(2),
                code_bytes: row.get::<_, i64>(3).unsigned_abs(),
                active: row.get(4),
                created_at: row.get(5),
                schema_fingerprint: row.get(6),
            })
            .collect())
    }

    /// The versions of an app that get calls, those too that get a part of them, where it is known what schema they
    /// were deployed against.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn serving(&self, app_id: &str) -> Result<Vec<Serving>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT f.name, v.number, v.schema_fingerprint
                 FROM functions f JOIN versions v ON v.function_id = f.id
                 LEFT JOIN rollouts r ON r.function_id = f.id AND r.state = 'running'
                 WHERE f.app_id = $1 AND v.id IN (f.active_version_id, r.version_id)
                   AND v.schema_fingerprint IS NOT NULL
                 ORDER BY f.name, v.number",
                &[&app_id],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| Serving {
                function: row.get(0),
                version: row.get::<_, i32>(1).unsigned_abs(),
                schema_fingerprint: row.get(2),
            })
            .collect())
    }

    /// The source of a version.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn source(&self, version_id: &str) -> Result<Option<VersionSource>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached("SELECT id, number, file_name, code, source_map FROM versions WHERE id = $1")
            .await?;
        let row = client.query_opt(&statement, &[&version_id]).await?;
        Ok(row.map(|row| VersionSource {
            id: row.get(0),
            number: row.get::<_, i32>(1).unsigned_abs(),
            file_name: row.get(2),
            code: row.get(3),
            source_map: row.get(4),
        }))
    }

    /// The bytes of an image.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn image(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached("SELECT bytes FROM images WHERE digest = $1").await?;
        Ok(client.query_opt(&statement, &[&digest]).await?.map(|row| row.get(0)))
    }

    /// Store the image that another engine build made from a version's source.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the version is gone.
    pub async fn put_image(&self, version_id: &str, image: &StoredImage) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        insert_image(&transaction, version_id, image).await?;
        Ok(transaction.commit().await?)
    }

    /// Drop the images of each function's versions beyond the newest, but for those that serve: they are made again from
    /// the source when they are called. Answers how many images nothing needs any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_images(&self, versions_kept: u32) -> Result<u64, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute(
                "DELETE FROM version_images i USING versions v, functions f
                 WHERE v.id = i.version_id AND f.id = v.function_id
                   AND v.number <= (SELECT o.number FROM versions o WHERE o.function_id = f.id
                     ORDER BY o.number DESC OFFSET $1 LIMIT 1)
                   AND v.id IS DISTINCT FROM f.active_version_id
                   AND NOT EXISTS (SELECT FROM rollouts r WHERE r.version_id = v.id AND r.state = 'running')",
                &[&i64::from(versions_kept)],
            )
            .await?;
        let dropped = sweep_images(&transaction).await?;
        transaction.commit().await?;
        Ok(dropped)
    }
}

/// Deletes images that belong to no version and to no recording. One that was just stored may be about to.
pub(super) async fn sweep_images(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    let sql =
        "DELETE FROM images i WHERE NOT EXISTS (SELECT FROM version_images v WHERE v.image_digest = i.digest)
        AND NOT EXISTS (SELECT FROM recordings r WHERE r.image_digest = i.digest)
        AND i.created_at < now() - interval '1 hour'";
    Ok(transaction.execute(sql, &[]).await?)
}

/// An image is shared by all versions whose snapshots are equal, byte for byte.
pub(super) async fn insert_image(
    transaction: &Transaction<'_>,
    version_id: &str,
    image: &StoredImage,
) -> Result<(), StoreError> {
    transaction
        .execute(
            // The update locks the row: a sweep of unused images checks again before deleting it.
            "INSERT INTO images (digest, engine_digest, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (digest) DO UPDATE SET created_at = now()",
            &[&image.digest, &image.engine_digest, &image.bytes],
        )
        .await?;
    let fuel = i64::try_from(image.init_fuel).unwrap_or(i64::MAX);
    transaction
        .execute(
            "INSERT INTO version_images (version_id, engine_digest, image_digest, init_fuel)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (version_id, engine_digest)
             DO UPDATE SET image_digest = excluded.image_digest, init_fuel = excluded.init_fuel",
            &[&version_id, &image.engine_digest, &image.digest, &fuel],
        )
        .await?;
    Ok(())
}
