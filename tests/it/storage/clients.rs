//! The endpoint as real clients use it: boto3, the AWS CLI, the JavaScript SDK, and rclone where it is installed.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use support::cluster::run;

use super::Access;
use crate::npm::{self, execute, root};
use crate::python;

/// Made once: two tests would make it at the same moment.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let untested = "the S3 endpoint is not tested with boto3 and the AWS CLI";
    python::environment("storage-clients", "tests/storage-clients/requirements.txt", untested)
});

/// Runs a program while the server answers it.
async fn beside(mut command: Command) -> String {
    tokio::task::spawn_blocking(move || execute(&mut command)).await.unwrap()
}

#[test]
fn boto3_works_against_an_endpoint() {
    let Some(python) = PYTHON.as_ref() else { return };
    run(async move {
        let access = Access::of(&support::app::TestApp::new().await).await;
        let mut command = Command::new(python.join("bin/python"));
        command.arg(root().join("tests/storage-clients/boto.py"));
        command.args([&access.endpoint, &access.id, &access.secret]);
        assert_eq!(beside(command).await.trim(), "ok");
    });
}

#[test]
fn the_aws_cli_works_against_an_endpoint() {
    let Some(python) = PYTHON.as_ref() else { return };
    run(async move {
        let access = Access::of(&support::app::TestApp::new().await).await;
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("tree/large.bin");
        std::fs::create_dir_all(folder.path().join("tree/sub")).unwrap();
        std::fs::write(folder.path().join("tree/sub/a b+c.txt"), "small").unwrap();
        std::fs::write(&large, vec![5; 20 << 20]).unwrap();
        let aws = async |arguments: &[&str]| {
            let mut command = Command::new(python.join("bin/aws"));
            command.args(arguments).current_dir(folder.path()).env("AWS_DEFAULT_REGION", "us-east-1");
            command
                .env("AWS_ENDPOINT_URL", &access.endpoint)
                .env("AWS_CONFIG_FILE", folder.path().join("none"));
            command.env("AWS_ACCESS_KEY_ID", &access.id).env("AWS_SECRET_ACCESS_KEY", &access.secret);
            beside(command).await
        };
        aws(&["s3", "mb", "s3://photos"]).await;
        aws(&["s3", "sync", "tree", "s3://photos/tree", "--no-progress"]).await;
        let listed = aws(&["s3", "ls", "--recursive", "s3://photos/"]).await;
        assert!(
            listed.contains("tree/sub/a b+c.txt") && listed.contains("20971520 tree/large.bin"),
            "{listed}"
        );
        aws(&["s3", "cp", "--no-progress", "s3://photos/tree/large.bin", "s3://photos/copy"]).await;
        aws(&["s3", "cp", "--no-progress", "s3://photos/copy", "back"]).await;
        assert!(std::fs::read(folder.path().join("back")).unwrap() == std::fs::read(&large).unwrap());
        aws(&["s3", "rb", "--force", "s3://photos"]).await;
        assert_eq!(access.used().await, (0, 0));
    });
}

#[test]
fn the_javascript_sdk_works_against_an_endpoint() {
    let Some(folder) = npm::folder("storage-sdk") else { return };
    run(async move {
        let access = Access::of(&support::app::TestApp::new().await).await;
        let mut command = Command::new("node");
        command.arg("check.mjs").current_dir(folder);
        command.args([&access.endpoint, &access.id, &access.secret]);
        assert_eq!(beside(command).await.trim(), "ok");
    });
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn rclone_works_against_an_endpoint() {
    if !Command::new("rclone").arg("version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: the S3 endpoint is not tested with rclone, because it is not installed");
        return;
    }
    run(async {
        let access = Access::of(&support::app::TestApp::new().await).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tree")).unwrap();
        std::fs::write(folder.path().join("tree/a b+c.txt"), "small").unwrap();
        std::fs::write(folder.path().join("tree/large.bin"), vec![6; 12 << 20]).unwrap();
        let rclone = async |arguments: &[&str]| {
            let mut command = Command::new("rclone");
            command.args(arguments).current_dir(folder.path()).env("RCLONE_CONFIG", "/dev/null");
            // Its HTTP client cannot take it.
            command.env_remove("AWS_CA_BUNDLE");
            for (name, value) in [
                ("TYPE", "s3"),
                ("PROVIDER", "Other"),
                ("ENDPOINT", &access.endpoint),
                ("ACCESS_KEY_ID", &access.id),
                ("SECRET_ACCESS_KEY", &access.secret),
                ("UPLOAD_CUTOFF", "8M"),
            ] {
                command.env(format!("RCLONE_CONFIG_HERE_{name}"), value);
            }
            beside(command).await
        };
        rclone(&["mkdir", "here:photos"]).await;
        rclone(&["sync", "tree", "here:photos/tree"]).await;
        rclone(&["check", "--download", "tree", "here:photos/tree"]).await;
        let listed = rclone(&["lsf", "-R", "here:photos"]).await;
        let mut listed: Vec<&str> = listed.lines().collect();
        listed.sort_unstable();
        assert_eq!(listed, ["tree/", "tree/a b+c.txt", "tree/large.bin"]);
        rclone(&["purge", "here:photos"]).await;
        assert_eq!(access.used().await, (0, 0));
    });
}
