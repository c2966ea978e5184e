//! Where the bytes of objects are: a directory that all nodes share, or a bucket of another S3 server.

use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::process::ServerProcess;

use super::Access;

const SERVER: &str = env!("CARGO_BIN_EXE_server");

/// An app on a server in a process of its own, and the variables that it was started with.
async fn app_on(server: &ServerProcess, admin_key: &str) -> TestApp {
    let client = server.client().clone();
    let made = client.post("/v1/apps").key(admin_key).json(json!({ "name": "test" })).ok().await;
    let text = |member: &str| made[member].as_str().expect(member).to_owned();
    TestApp {
        id: text("app_id"),
        service_key: text("service_key"),
        anon_key: text("anon_key"),
        admin_key: admin_key.to_owned(),
        client,
    }
}

#[test]
fn a_bucket_of_another_server_keeps_the_bytes() {
    run(async {
        // The other server is one of ours, which checks every signature.
        let other = Access::with_bucket("blobs").await;
        let admin_key = "mf_admin_0123456789abcdef0123456789abcdef";
        let variables = [
            ("MAYFLY_ADMIN_KEY", admin_key),
            ("MAYFLY_STORAGE_URL", "s3://blobs/all/objects"),
            ("AWS_ENDPOINT_URL", &other.endpoint),
            ("AWS_ACCESS_KEY_ID", &other.id),
            ("AWS_SECRET_ACCESS_KEY", &other.secret),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        let url = cluster::own_database().await;
        let server = ServerProcess::start_with(SERVER, &url, &variables).await.unwrap();
        let app = app_on(&server, admin_key).await;
        app.manage("POST", "/storage/buckets").json(json!({ "name": "photos" })).ok().await;
        let access = Access::of(&app).await;
        // One request to the other server, several parts, and nothing at all.
        let large: Vec<u8> = (0..20 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
        for (key, bytes) in [("small", &large[..1000]), ("large", &large[..]), ("empty", &[])] {
            access.put(&format!("/photos/{key}"), &[], bytes).await;
            assert!(access.get(&format!("/photos/{key}")).await.body == bytes, "{key}");
        }
        let part = access.ask("GET", "/photos/large", &[("range", "bytes=9000000-9000999")], "").send().await;
        assert!(part.status == 206 && part.body == large[9_000_000..9_001_000]);
        // Three blobs and the mark.
        assert_eq!(other.used().await.0, 4);
        access.put("/photos/small", &[], "other").await;
        server.kill();
        // Another node finds them; one with another place does not start.
        let server = ServerProcess::start_with(SERVER, &url, &variables).await.unwrap();
        let access = Access { app: server.with(&app), ..access };
        assert_eq!(access.get("/photos/small").await.body, "other");
        let directory = cluster::directory();
        let elsewhere = [("MAYFLY_STORAGE_DIR", directory.path().to_str().unwrap())];
        let refused = ServerProcess::start_with(SERVER, &url, &elsewhere).await.unwrap_err();
        assert!(refused.contains("storage-id") && refused.contains("has none"), "{refused}");
        let mut wrong = variables;
        wrong[4] = ("AWS_SECRET_ACCESS_KEY", "wrong");
        let refused = ServerProcess::start_with(SERVER, &url, &wrong).await.unwrap_err();
        assert!(refused.contains("s3://blobs/all/objects cannot be used"), "{refused}");
    });
}

#[test]
fn a_directory_of_another_installation_is_refused() {
    run(async {
        let folder = cluster::directory();
        let storage = folder.path().join("storage");
        Node::start_apart(&storage).await.shutdown().await;
        assert!(storage.join("storage-id").exists());
        let url = cluster::own_database().await;
        let refused = {
            let variables = [("MAYFLY_STORAGE_DIR", storage.to_str().unwrap())];
            // The first node of a database takes the mark that it finds; so does no second one take another.
            ServerProcess::start_with(SERVER, &url, &variables).await.unwrap().kill();
            std::fs::write(storage.join("storage-id"), "storage_other").unwrap();
            ServerProcess::start_with(SERVER, &url, &variables).await.unwrap_err()
        };
        assert!(refused.contains("has storage_other"), "{refused}");
    });
}
