//! The endpoint by hand: what no client's library sends, bounds, quotas, keys, browsers.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

use super::{Access, s3_error};

#[test]
fn what_is_wrong_is_refused_and_leaves_nothing() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let long = "k".repeat(1_025);
        let long = format!("/photos/{long}");
        for (path, status, code) in [
            ("/photos/a%2Fb", 400, "InvalidURI"),
            ("/photos/a%01b", 400, "InvalidArgument"),
            ("/photos/a%00b", 400, "InvalidArgument"),
            ("/photos/a%FFb", 400, "InvalidURI"),
            (long.as_str(), 400, "KeyTooLongError"),
            ("/..", 400, "InvalidBucketName"),
            ("/a..b/key", 400, "InvalidBucketName"),
            ("/Photos/key", 400, "InvalidBucketName"),
            ("/missing/key", 404, "NoSuchBucket"),
            ("/photos/key?partNumber=1&uploadId=mpu_none", 404, "NoSuchUpload"),
        ] {
            // A path is signed as it decodes: what is no UTF-8, or an encoded slash, is seen before the signature.
            let answer = access.ask("PUT", path, &[], "x").send().await;
            assert_eq!(s3_error(&answer), (status, code.to_owned()), "{path}: {}", answer.text());
        }
        for (headers, status, code) in [
            (&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")][..], 400, "BadDigest"),
            (&[("x-amz-checksum-crc32", "AAAAAA==")], 400, "BadDigest"),
            (
                &[("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-sha1", "AAAAAA==")],
                400,
                "InvalidRequest",
            ),
            (&[("x-amz-server-side-encryption", "AES256")], 501, "NotImplemented"),
            (&[("x-amz-acl", "public-read")], 400, "AccessControlListNotSupported"),
            (&[("x-amz-tagging", "a=b")], 501, "NotImplemented"),
        ] {
            let answer = access.ask("PUT", "/photos/key", headers, "x").send().await;
            assert_eq!(s3_error(&answer), (status, code.to_owned()), "{headers:?}: {}", answer.text());
        }
        let much = "m".repeat(9_000);
        let answer = access.ask("PUT", "/photos/key", &[("x-amz-meta-m", &much)], "x").send().await;
        assert_eq!(s3_error(&answer).0, 400);
        let digest = "0".repeat(64);
        let answer = access.ask_of("PUT", "/photos/key", &[], "x", &digest).send().await;
        assert_eq!(s3_error(&answer), (400, "XAmzContentSHA256Mismatch".to_owned()));
        let headers = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "4")];
        for body in ["3\r\nabc\r\n0\r\n\r\n", "4\r\nabc", "zz\r\n"] {
            let unsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
            let answer = access.ask_of("PUT", "/photos/key", &headers, body, unsigned).send().await;
            assert_eq!(s3_error(&answer), (400, "IncompleteBody".to_owned()), "{body}");
        }
        assert_eq!(access.used().await, (0, 0));
        let answer = access.get("/photos/key").await;
        assert_eq!(s3_error(&answer), (404, "NoSuchKey".to_owned()));
        assert!(
            answer.headers.contains_key("x-amz-request-id") && answer.headers.contains_key("x-request-id")
        );
    });
}

#[test]
fn a_key_opens_its_own_app_until_it_is_revoked() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let reader = Access::with(&access.app, json!({ "name": "reader", "read_only": true })).await;
        access.put("/photos/a", &[], "x").await;
        assert_eq!(reader.get("/photos/a").await.text(), "x");
        assert_eq!(
            s3_error(&reader.ask("PUT", "/photos/a", &[], "y").send().await),
            (403, "AccessDenied".to_owned())
        );
        assert_eq!(s3_error(&reader.ask("DELETE", "/photos/a", &[], "").send().await).0, 403);

        let other = TestApp::new().await;
        let elsewhere = Access { app: other.clone(), ..access.clone() };
        assert_eq!(s3_error(&elsewhere.get("/photos/a").await), (403, "InvalidAccessKeyId".to_owned()));
        let anonymous = access.app.client.get(&access.app.path("/s3/photos/a")).send().await;
        assert_eq!(s3_error(&anonymous), (403, "AccessDenied".to_owned()));
        let wrong = Access { secret: "wrong".to_owned(), ..access.clone() };
        assert_eq!(s3_error(&wrong.get("/photos/a").await), (403, "SignatureDoesNotMatch".to_owned()));

        let listed = access.app.manage("GET", "/storage/keys").ok().await;
        assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
        assert!(!listed.to_string().contains(&access.secret), "{listed}");
        access.app.manage("DELETE", &format!("/storage/keys/{}", reader.id)).ok().await;
        assert_eq!(s3_error(&reader.get("/photos/a").await), (403, "InvalidAccessKeyId".to_owned()));
        let again = access.app.manage("DELETE", &format!("/storage/keys/{}", reader.id)).send().await;
        assert_eq!(again.status, 404);
    });
}

#[test]
fn a_quota_holds_to_the_byte() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let limits = json!({ "limits": { "storage_bytes": 10, "storage_objects": 2 } });
        access.app.manage("PATCH", "/config").json(limits).ok().await;
        access.put("/photos/a", &[], "0123456789").await;
        for (key, body) in [("/photos/b", "x"), ("/photos/a", "0123456789x")] {
            let answer = access.ask("PUT", key, &[], body).send().await;
            assert_eq!(s3_error(&answer), (403, "QuotaExceeded".to_owned()), "{key}");
        }
        access.put("/photos/b", &[], "").await;
        assert_eq!(s3_error(&access.ask("PUT", "/photos/c", &[], "").send().await).0, 403);
        assert_eq!(access.used().await, (2, 10));
        assert_eq!(access.ask("DELETE", "/photos/a", &[], "").send().await.status, 204);
        access.put("/photos/c", &[], "01234").await;
        assert_eq!(access.used().await, (2, 5));
    });
}

#[test]
fn one_of_many_writers_makes_an_object() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let writes = (0..20).map(|n| {
            let access = access.clone();
            tokio::spawn(async move {
                access
                    .ask("PUT", "/photos/once", &[("if-none-match", "*")], format!("{n}"))
                    .send()
                    .await
                    .status
            })
        });
        let mut statuses = Vec::new();
        for write in writes.collect::<Vec<_>>() {
            statuses.push(write.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 19][..]));
        assert_eq!(access.used().await.0, 1);
    });
}

#[test]
fn pages_of_an_apps_origins_may_read_what_s3_says() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let origins = json!({ "cors_origins": ["https://app.example"] });
        access.app.manage("PATCH", "/config").json(origins).ok().await;
        access.put("/photos/a", &[], "x").await;
        let wanted = json!({ "bucket": "photos", "key": "a" });
        let presigned = access.app.manage("POST", "/storage/presign").json(wanted).ok().await;
        let url = presigned["url"].as_str().unwrap().to_owned();
        let path = &url[url.find("/v1/").unwrap()..];
        let read = access.app.client.get(path).header("origin", "https://app.example").send().await;
        assert_eq!((read.status, read.text().as_str()), (200, "x"));
        assert_eq!(read.headers["access-control-allow-origin"], "https://app.example");
        assert!(read.headers["access-control-expose-headers"].to_str().unwrap().contains("ETag"));
        let preflight = access.app.client.ask("OPTIONS", path).header("origin", "https://app.example");
        let preflight = preflight.header("access-control-request-method", "PUT").send().await;
        assert_eq!(
            (preflight.status, &preflight.headers["access-control-allow-methods"]),
            (204, &"PUT".parse().unwrap())
        );
        let other = access.app.client.get(path).header("origin", "https://other.example").send().await;
        assert!(!other.headers.contains_key("access-control-allow-origin"));
    });
}

#[test]
fn buckets_and_objects_are_managed_over_the_api() {
    run(async {
        let app = TestApp::new().await;
        for name in ["ab", "a..b", "A-b", "a_b"] {
            let refused = app.manage("POST", "/storage/buckets").json(json!({ "name": name })).send().await;
            assert_eq!((refused.status, refused.message().starts_with("name: ")), (400, true), "{name}");
        }
        app.manage("POST", "/storage/buckets").json(json!({ "name": "photos" })).ok().await;
        let access = Access::of(&app).await;
        access.put("/photos/a/1", &[("content-type", "image/png")], "one").await;
        access.put("/photos/b", &[], "two").await;
        let list = app.manage("GET", "/storage/buckets/photos/objects?delimiter=/").ok().await;
        assert_eq!((&list["prefixes"], &list["objects"][0]["key"]), (&json!(["a/"]), &json!("b")));
        let page = app.manage("GET", "/storage/buckets/photos/objects?limit=1").ok().await;
        assert_eq!(page["objects"][0]["content_type"], "image/png");
        let path =
            format!("/storage/buckets/photos/objects?cursor={}", page["next_cursor"].as_str().unwrap());
        assert_eq!(app.manage("GET", &path).ok().await["objects"][0]["key"], "b");
        assert_eq!(app.manage("DELETE", "/storage/buckets/photos").send().await.status, 409);
        for key in ["a/1", "b"] {
            access.ask("DELETE", &format!("/photos/{key}"), &[], "").send().await;
        }
        app.manage("DELETE", "/storage/buckets/photos").ok().await;
        assert_eq!(app.manage("GET", "/storage/buckets/photos/objects").send().await.status, 404);
    });
}
