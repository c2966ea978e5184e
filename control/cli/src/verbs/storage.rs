//! `mayfly storage`: objects, buckets, access keys, and what upload triggers did.

use std::os::fd::AsFd as _;
use std::path::Path;

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json, OptionalJson};
use mayfly_api::routes::{
    BucketsCreate, BucketsDelete, ObjectsList, StorageGet, StorageKeysCreate, StorageKeysList,
    StorageKeysRevoke, StoragePresign, UploadReplay, UploadsList,
};
use mayfly_api::storage::{
    CreateBucket, CreateStorageKey, ListObjects, PresignMethod, PresignObject, PresignedUrl,
};
use mayfly_api::uploads::{ListUploads, UploadEventInfo};
use tokio::fs::File;

use crate::args::{BucketVerb, StorageKeyVerb, StorageVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};
use crate::transfer::{Transfer, TransferError};

/// Content types of files, by their endings.
const TYPES: &[(&str, &str)] = &[
    ("avif", "image/avif"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

pub(super) async fn run(remote: &Remote, verb: StorageVerb) -> Result<Exit, Exit> {
    match verb {
        StorageVerb::Show => {
            remote.call::<StorageGet>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |shown| {
                out::data(&format!("endpoint  {}", shown.endpoint));
                out::data(&format!("objects   {}", shown.objects));
                out::data(&format!("bytes     {}", shown.bytes));
                for bucket in &shown.buckets {
                    out::data(&format!("bucket    {}", bucket.name));
                }
            });
        }
        StorageVerb::Put { file, object, content_type } => {
            put(remote, &file, &object, content_type.as_deref()).await?
        }
        StorageVerb::Get { object, file } => get(remote, &object, file.as_deref()).await?,
        StorageVerb::List { place, folders, limit, cursor } => {
            list(remote, &place, folders, limit, cursor.as_deref()).await?
        }
        StorageVerb::Delete { object } => {
            let url = presign(remote, &object, PresignMethod::Delete, None, None).await?.url;
            transfer()?.delete(&url).await.map_err(|error| failed(&error))?;
            out::say(&format!("{object} is deleted"));
        }
        StorageVerb::Presign { object, method, expires, content_type } => {
            let method = PresignMethod::parse(&method).ok_or_else(|| {
                out::complain(&format!("--method {method}: must be one of GET, PUT, HEAD, DELETE"));
                Exit::Validation
            })?;
            let presigned = presign(remote, &object, method, Some(expires), content_type.as_deref()).await?;
            out::data(&presigned.url);
        }
        StorageVerb::Buckets(verb) => buckets(remote, verb).await?,
        StorageVerb::Keys(verb) => keys(remote, verb).await?,
        StorageVerb::Uploads { name, limit } => {
            let query = ListUploads { limit: Some(limit.into()), ..ListUploads::default() };
            let answered = remote.call::<UploadsList>(&[&name], &query, &EmptyBody).await?;
            // The server's newest is first; a reader's is last.
            answered.print(remote, |page| page.uploads.iter().rev().for_each(show));
        }
        StorageVerb::Replay { name, id } => {
            let found = remote.call::<UploadReplay>(&[&name, &id], &Nothing {}, &EmptyBody).await?;
            found.print(remote, show);
        }
    }
    Ok(Exit::Ok)
}

/// Bucket and key of `BUCKET/KEY`.
fn split(object: &str) -> Result<(&str, &str), Exit> {
    object.split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(|| {
        out::complain(&format!("{object}: an object is named BUCKET/KEY"));
        Exit::Usage
    })
}

fn transfer() -> Result<Transfer, Exit> {
    Transfer::new().map_err(|error| failed(&error))
}

fn failed(error: &TransferError) -> Exit {
    out::complain(&error.to_string());
    match error {
        TransferError::Refused(404, _) => Exit::NotFound,
        TransferError::Refused(400..=499, _) => Exit::Validation,
        _ => Exit::Failure,
    }
}

async fn presign(
    remote: &Remote,
    object: &str,
    method: PresignMethod,
    expires: Option<u32>,
    content_type: Option<&str>,
) -> Result<PresignedUrl, Exit> {
    let (bucket, key) = split(object)?;
    let body = Json(PresignObject {
        method: Some(method),
        bucket: bucket.into(),
        key: key.into(),
        expires_seconds: expires.map(Into::into),
        content_type: content_type.map(Into::into),
    });
    let answered = remote.call::<StoragePresign>(&[], &Nothing {}, &body).await?;
    Ok(answered.answer)
}

async fn put(remote: &Remote, file: &Path, object: &str, content_type: Option<&str>) -> Result<(), Exit> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let object = if object.ends_with('/') { format!("{object}{name}") } else { object.to_owned() };
    let opened = File::open(file).await.map_err(|error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Usage
    })?;
    let content_type = content_type.unwrap_or_else(|| type_of(name));
    let url = presign(remote, &object, PresignMethod::Put, None, Some(content_type)).await?.url;
    let bytes = transfer()?.put(&url, opened, content_type).await.map_err(|error| failed(&error))?;
    out::say(&format!("{object}: {bytes} bytes, {content_type}"));
    Ok(())
}

async fn get(remote: &Remote, object: &str, file: Option<&Path>) -> Result<(), Exit> {
    let url = presign(remote, object, PresignMethod::Get, None, None).await?.url;
    let transfer = transfer()?;
    let Some(file) = file else {
        let stdout = std::io::stdout().as_fd().try_clone_to_owned().map_err(|error| failed(&error.into()))?;
        let stdout = File::from_std(stdout.into());
        return transfer.get(&url, stdout).await.map(drop).map_err(|error| failed(&error));
    };
    // Beside its place first: a download that breaks off leaves no half of a file.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let complain = |error: std::io::Error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Failure
    };
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(complain)?;
    let target = File::from_std(temporary.reopen().map_err(complain)?);
    let bytes = transfer.get(&url, target).await.map_err(|error| failed(&error))?;
    temporary.persist(file).map_err(|error| complain(error.error))?;
    out::say(&format!("{}: {bytes} bytes", file.display()));
    Ok(())
}

async fn list(
    remote: &Remote,
    place: &str,
    folders: bool,
    limit: u32,
    cursor: Option<&str>,
) -> Result<(), Exit> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let query = ListObjects {
        prefix: Some(prefix).filter(|prefix| !prefix.is_empty()).map(Into::into),
        delimiter: folders.then(|| "/".into()),
        limit: Some(limit.into()),
        cursor: cursor.map(Into::into),
    };
    remote.call::<ObjectsList>(&[bucket], &query, &EmptyBody).await?.print(remote, |page| {
        let prefixes = page
            .prefixes
            .iter()
            .map(|prefix| vec![prefix.clone(), String::new(), String::new(), String::new()]);
        let objects = page.objects.iter().map(|object| {
            vec![
                object.key.clone(),
                object.size.to_string(),
                optional(object.content_type.as_deref()),
                object.modified_at.to_string(),
            ]
        });
        out::table(
            &["key", "bytes", "content_type", "modified_at"],
            &prefixes.chain(objects).collect::<Vec<_>>(),
        );
        if let Some(cursor) = &page.next_cursor {
            out::say(&format!("there are more: --cursor {cursor}"));
        }
    });
    Ok(())
}

async fn buckets(remote: &Remote, verb: BucketVerb) -> Result<(), Exit> {
    match verb {
        BucketVerb::List => {
            remote.call::<StorageGet>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |shown| {
                let rows = shown
                    .buckets
                    .iter()
                    .map(|bucket| vec![bucket.name.clone(), bucket.created_at.to_string()]);
                out::table(&["name", "created_at"], &rows.collect::<Vec<_>>());
            });
        }
        BucketVerb::Create { name } => {
            let body = Json(CreateBucket { name: name.as_str().into() });
            remote
                .call::<BucketsCreate>(&[], &Nothing {}, &body)
                .await?
                .print(remote, |made| out::data(&made.name));
        }
        BucketVerb::Delete { name } => {
            remote.call::<BucketsDelete>(&[&name], &Nothing {}, &EmptyBody).await?;
            out::say(&format!("{name} is deleted"));
        }
    }
    Ok(())
}

async fn keys(remote: &Remote, verb: StorageKeyVerb) -> Result<(), Exit> {
    match verb {
        StorageKeyVerb::List => {
            remote.call::<StorageKeysList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
                let rows = list.keys.iter().map(|key| {
                    vec![
                        key.access_key_id.clone(),
                        optional(key.name.as_deref()),
                        key.read_only.to_string(),
                        key.created_at.to_string(),
                    ]
                });
                out::table(&["access_key_id", "name", "read_only", "created_at"], &rows.collect::<Vec<_>>());
            });
        }
        StorageKeyVerb::Create { name, read_only } => {
            let body = OptionalJson(CreateStorageKey {
                name: name.as_deref().map(Into::into),
                read_only: Some(read_only),
            });
            remote.call::<StorageKeysCreate>(&[], &Nothing {}, &body).await?.print(remote, |created| {
                out::say("The secret is shown this once:");
                out::data(&format!("AWS_ENDPOINT_URL={}", created.endpoint));
                out::data(&format!("AWS_ACCESS_KEY_ID={}", created.info.access_key_id));
                out::data(&format!("AWS_SECRET_ACCESS_KEY={}", created.secret_access_key));
                out::data("AWS_DEFAULT_REGION=us-east-1");
            });
        }
        StorageKeyVerb::Revoke { id } => {
            remote.call::<StorageKeysRevoke>(&[&id], &Nothing {}, &EmptyBody).await?;
            out::say(&format!("{id} is revoked"));
        }
    }
    Ok(())
}

fn show(upload: &UploadEventInfo) {
    let error = upload.error.as_ref().map(|error| format!("  {}: {}", error.code, error.message));
    out::data(&format!(
        "{}  {}  {:<8}  {}/{}{}",
        upload.created_at,
        upload.id,
        upload.state,
        upload.bucket,
        upload.key,
        error.unwrap_or_default()
    ));
}

fn type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    TYPES.iter().find(|(known, _)| *known == ending).map_or("application/octet-stream", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types() {
        assert_eq!(split("photos/a/b.png"), Ok(("photos", "a/b.png")));
        assert!(split("photos").is_err() && split("photos/").is_err());
        assert_eq!((type_of("a.b.PNG"), type_of("png")), ("image/png", "application/octet-stream"));
    }
}
