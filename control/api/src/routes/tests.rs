//! The route table from both sides: each row is found, and nothing else is.

use proptest::prelude::*;

use super::*;

const APP: &str = "app_0123456789ab";

fn parse(method: &str, path: &str) -> Result<Found, RouteError> {
    find(&Method::from_bytes(method.as_bytes()).unwrap(), path)
}

/// A row's path with something in the place of each name.
fn example(path: &str) -> String {
    path.replace("{app}", APP)
        .replace("{name}", "hello-World_1")
        .replace("{key}", "key_0123456789")
        .replace("{code}", "FUNCTION_THREW")
        .replace("{kid}", "k%201")
        .replace("{table}", "my%20table")
        .replace("{policy}", "own%20rows")
        .replace("{delivery}", "whd_1")
        .replace("{bucket}", "photos")
        .replace("{access_key}", "MFAK1")
        .replace("{upload}", "upl_1")
        .replace("{approval}", "apr_1")
        .replace("{invocation}", "inv_1")
        .replace("[/*]", "/sub//path")
}

#[test]
fn every_row_is_found_under_its_method() {
    assert_eq!(RouteId::ALL.len(), ROUTES.len());
    for id in RouteId::ALL {
        let route = id.route();
        let method = route.method.as_ref().map_or("PURGE", Method::as_str);
        let found =
            parse(method, &example(route.path)).unwrap_or_else(|e| panic!("{method} {}: {e:?}", route.path));
        assert_eq!(found.route, *id);
        assert_eq!(found.app.is_some(), route.path.contains("{app}"), "{}", route.path);
    }
}

#[test]
fn a_wrong_method_says_which_are_right() {
    for (method, path, allow) in [
        ("POST", "/livez", "GET"),
        ("PUT", "/v1/apps", "GET, POST"),
        ("PATCH", "/v1/apps/app_0123456789ab", "GET, DELETE"),
        ("GET", "/v1/app_0123456789ab/sql", "POST"),
        ("POST", "/v1/app_0123456789ab/functions/x", "GET, DELETE"),
    ] {
        assert_eq!(parse(method, path), Err(RouteError::Method(allow.to_owned())), "{method} {path}");
    }
}

#[test]
fn what_is_not_in_the_table_is_not_found() {
    for path in [
        "",
        "/",
        "livez",
        "/livez/",
        "//livez",
        "/v1",
        "/v1/",
        "/v1/apps/",
        "/v1/apps/x",
        "/v1/app_short/functions",
        "/v1/APP_0123456789AB/functions",
        "/v1/app_0123456789ab",
        "/v1/app_0123456789ab/",
        "/v1/app_0123456789ab/fn",
        "/v1/app_0123456789ab/fn/",
        "/v1/app_0123456789ab/fnx",
        "/v1/app_0123456789ab/functions/",
        "/v1/app_0123456789ab/functions/a%20b",
        "/v1/app_0123456789ab/functions/x/y",
        "/v1/app_0123456789ab/keys/x",
        "/v1/app_0123456789ab/auth/keys/a%00b",
        "/v1/app_0123456789ab/functions/x/logs/stream/y",
        "/v2/apps",
        "/V1/apps",
        "/v1/app_0123456789ab/functions/../x",
    ] {
        assert_eq!(parse("GET", path), Err(RouteError::NotFound), "{path}");
    }
}

#[test]
fn a_call_keeps_the_path_as_it_was_written() {
    let path = "/hello/a%2Fb/../c";
    assert_eq!(
        parse("GET", &format!("/v1/{APP}/fn{path}")),
        Ok(Found { route: RouteId::FunctionCall, app: Some(APP.into()), names: vec![path.into()] })
    );
}

#[test]
fn head_is_get() {
    assert_eq!(parse("HEAD", "/livez").unwrap().route, RouteId::Live);
    assert!(matches!(parse("HEAD", "/v1/app_0123456789ab/sql"), Err(RouteError::Method(_))));
}

proptest! {
    #[test]
    fn parsing_never_panics(method in "[A-Z]{1,8}", path in ".{0,120}") {
        let _ = parse(&method, &path);
    }

    #[test]
    fn parsing_never_panics_near_the_table(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("v1".to_owned()), Just("apps".to_owned()), Just(APP.to_owned()), Just("functions".to_owned()),
                Just("fn".to_owned()), Just("keys".to_owned()), Just(String::new()), ".{0,12}",
            ],
            0..9,
        )
    ) {
        let _ = parse("GET", &format!("/{}", parts.join("/")));
    }

    #[test]
    fn arbitrary_bytes_are_no_reason_to_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse("GET", &String::from_utf8_lossy(&bytes));
    }
}
