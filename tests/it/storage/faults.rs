//! Faults: a full disk, a client that goes in the middle, what was written and never named.

use std::time::Duration;

use futures_util::FutureExt as _;
use support::app::Node;
use support::cluster::run;
use support::disk::Disk;
use support::process::ServerProcess;
use support::wait::until;
use tokio::io::AsyncWriteExt as _;

use super::{Access, s3_error};

/// Files under a directory of blobs.
fn files(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    // Beside them is the mark.
    let folders = entries.filter(|path| path.is_dir());
    folders.map(|folder| std::fs::read_dir(folder).unwrap().count()).sum()
}

async fn on(node: &Node) -> Access {
    let app = node.app().await;
    app.manage("POST", "/storage/buckets").json(serde_json::json!({ "name": "photos" })).ok().await;
    Access::of(&app).await
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_full_disk_refuses_an_upload_and_keeps_nothing_of_it() {
    let Some(disk) = Disk::mount("16m") else {
        eprintln!("skipped: this process may not mount a disk that can be filled");
        return;
    };
    run(async {
        let directory = disk.path().join("blobs");
        let node = Node::start_apart(&directory).await;
        let access = on(&node).await;
        access.put("/photos/small", &[], vec![1; 1 << 20]).await;
        let answer = access.ask("PUT", "/photos/large", &[], vec![2; 20 << 20]).send().await;
        assert_eq!(s3_error(&answer), (507, "InsufficientStorage".to_owned()), "{}", answer.text());
        assert_eq!((access.used().await, files(&directory)), ((1, 1 << 20), 1));
        assert_eq!(access.get("/photos/small").await.body.len(), 1 << 20);
        access.put("/photos/again", &[], vec![3; 4 << 20]).await;
        node.shutdown().await;
    });
}

#[test]
fn a_client_that_goes_in_the_middle_leaves_nothing() {
    run(async {
        let own = support::cluster::directory();
        let node = Node::start_apart(&own.path().join("storage")).await;
        let access = on(&node).await;
        let directory = own.path().join("storage");
        let wanted = serde_json::json!({ "method": "PUT", "bucket": "photos", "key": "half" });
        let presigned = access.app.manage("POST", "/storage/presign").json(wanted).ok().await;
        let url = presigned["url"].as_str().unwrap();
        let path = &url[url.find("/v1/").unwrap()..];
        let mut connection = access.app.client.connect().await;
        let host = access.app.client.address();
        let head = format!("PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4000000\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![0; 1_000_000]).await.unwrap();
        until("a file that grows", async || (files(&directory) == 1).then_some(())).await;
        drop(connection);
        until("no file", async || (files(&directory) == 0).then_some(())).await;
        assert_eq!((access.used().await, access.get("/photos/half").await.status), ((0, 0), 404));
        node.shutdown().await;
    });
}

#[test]
fn what_nothing_names_is_swept() {
    run(async {
        let own = support::cluster::directory();
        let node = Node::start_apart(&own.path().join("storage")).await;
        let access = on(&node).await;
        let directory = own.path().join("storage");
        access.put("/photos/a", &[], "one").await;
        access.put("/photos/a", &[], "two").await;
        access.put("/photos/b", &[], "three").await;
        access.ask("DELETE", "/photos/b", &[], "").send().await;
        // A writer that died before its commit, and one that died before its end.
        for name in ["00/blob_orphan00", "unfinished/blob_half"] {
            let file = std::fs::File::create(directory.join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(7_200)).unwrap();
        }
        assert_eq!(files(&directory), 5);
        let objects = node.objects();
        let sweep = mayfly_storage::StorageSweep::new(objects);
        assert!(sweep.collect(Duration::ZERO).await.unwrap() >= 2);
        assert_eq!(sweep.find_orphans(0).await.unwrap(), 1);
        assert_eq!(files(&directory), 1);
        assert_eq!(access.get("/photos/a").await.text(), "two");
        node.shutdown().await;
    });
}

/// What follows a tag in an answer, up to the next.
fn all_of(text: &str, tag: &str) -> Vec<String> {
    let open = format!("<{tag}>");
    let parts = text.split(&open).skip(1);
    parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

/// The parts of an upload that are stored.
async fn parts(access: &Access, upload: &str) -> Vec<String> {
    let listed = access.ask("GET", &format!("/photos/big?uploadId={upload}"), &[], "").send().await;
    all_of(&listed.text(), "PartNumber")
}

#[test]
fn an_upload_in_parts_outlives_a_kill_and_a_frozen_server() {
    const PART: usize = 5 << 20;
    run(async {
        let (own, url) = (support::cluster::directory(), support::cluster::own_database().await);
        let storage = own.path().join("storage");
        let variables = [("MAYFLY_STORAGE_DIR", storage.to_str().unwrap())];
        let program = env!("CARGO_BIN_EXE_server");
        let node = Node::start_over(&url, &storage).await;
        let server = ServerProcess::start_with(program, &url, &variables).await.unwrap();
        let access = on(&node).await;
        let through = |server: &ServerProcess| Access { app: server.with(&access.app), ..access.clone() };
        let begun = through(&server).ask("POST", "/photos/big?uploads=", &[], "").send().await;
        let upload = all_of(&begun.text(), "UploadId").remove(0);
        let put = |access: Access, number: usize| {
            let path = format!("/photos/big?partNumber={number}&uploadId={upload}");
            async move { access.ask("PUT", &path, &[], vec![number as u8; PART]).send().await }
        };
        // Its client loses the answers of most of these parts.
        let sending: Vec<_> = (1..=6)
            .map(|number| {
                tokio::spawn(std::panic::AssertUnwindSafe(put(through(&server), number)).catch_unwind())
            })
            .collect();
        until("a part", async || (!parts(&access, &upload).await.is_empty()).then_some(())).await;
        server.kill();
        for sent in sending {
            let _ = sent.await;
        }
        assert_eq!(access.get("/photos/big").await.status, 404);
        let server = ServerProcess::start_with(program, &url, &variables).await.unwrap();
        let again = through(&server);
        let stored = parts(&again, &upload).await;
        let missing: Vec<_> = (1..=6).filter(|number| !stored.contains(&number.to_string())).collect();
        // A server that stands still for a while goes on where it was.
        let mut sending: Vec<_> =
            missing.iter().map(|number| tokio::spawn(put(again.clone(), *number))).collect();
        tokio::task::yield_now().await;
        server.freeze();
        assert_eq!(access.get("/photos/big").await.status, 404);
        server.go_on();
        for sent in sending.drain(..) {
            assert_eq!(sent.await.unwrap().status, 200);
        }
        let listed = again.ask("GET", &format!("/photos/big?uploadId={upload}"), &[], "").send().await;
        let (numbers, tags) = (all_of(&listed.text(), "PartNumber"), all_of(&listed.text(), "ETag"));
        assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
        let each = numbers.iter().zip(&tags);
        let list: String = each
            .map(|(number, tag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"))
            .collect();
        let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        let path = format!("/photos/big?uploadId={upload}");
        let completed = again.ask("POST", &path, &[], body).send().await;
        assert_eq!(completed.status, 200, "{}", completed.text());
        let got = access.get("/photos/big").await;
        assert!((1..=6).all(|number| {
            got.body[(number - 1) * PART..number * PART].iter().all(|byte| *byte == number as u8)
        }));
        assert_eq!(access.used().await, (1, 6 * PART as u64));
        node.shutdown().await;
    });
}
