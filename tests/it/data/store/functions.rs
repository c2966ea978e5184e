//! The tables of functions and versions: deploy, find, roll back, configure and delete.

use std::collections::BTreeMap;

use mayfly_api::functions::SettingsChange;
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_store::{
    Change, ChangeKind, CompiledFunctions, DeployRow, EngineBuild, RolloutTerms, Store, StoreError,
    StoredImage,
};
use serde_json::json;
use support::cluster::{run, store};
use support::tenants::TestApp;

const ENGINE: &str = "engine-1";

fn row(name: &str, code: &str) -> DeployRow {
    DeployRow {
        name: name.to_owned(),
        file_name: format!("{name}.ts"),
        code: code.to_owned(),
        source_map: "{}".to_owned(),
        image: StoredImage {
            digest: format!("image of {code}"),
            engine_digest: ENGINE.to_owned(),
            bytes: code.as_bytes().to_vec(),
            init_fuel: 7,
        },
        description: None,
        settings: SettingsChange::default(),
        triggers: None,
        env: None,
        schema_fingerprint: None,
        rollout: None,
    }
}

fn http(path: &str, enabled: bool) -> Trigger {
    Trigger { kind: TriggerKind::Http, config: json!({"auth": "none", "path": path}), enabled }
}

fn encrypted(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_deployed_serves() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let functions = store.functions();
        let deployed = functions.deploy(&app.id, &row("hello", "one")).await.unwrap();
        assert_eq!(deployed.version, 1);
        assert_eq!(deployed.triggers[0].config, json!({"auth": "required"}));

        let active = functions.active(&app.id, "hello", ENGINE).await.unwrap().unwrap();
        assert_eq!((&*active.version_id, active.version), (deployed.version_id.as_str(), 1));
        assert_eq!(active.image_digest.as_deref(), Some("image of one"));
        assert_eq!(active.triggers, deployed.triggers);
        assert_eq!((active.app_name.as_str(), active.paused), ("test", None));
        assert_eq!(active.settings.timeout_ms, 30_000);
        assert_eq!(store.versions().image("image of one").await.unwrap().unwrap(), b"one");
        assert!(functions.active(&app.id, "other", ENGINE).await.unwrap().is_none());
        store.apps().configure(&app.id, Some(true), Some("why"), &serde_json::json!({})).await.unwrap();
        let active = functions.active(&app.id, "hello", ENGINE).await.unwrap().unwrap();
        assert_eq!(active.paused, Some(Some("why".to_owned())));
    });
}

#[test]
fn what_a_redeploy_leaves_out_keeps_its_value() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let functions = store.functions();
        let mut first = row("hello", "one");
        first.description = Some("says hello".to_owned());
        first.settings.timeout_ms = Some(5);
        first.triggers = Some(vec![http("/hi", true)]);
        first.env = Some(encrypted(&[("A", "1"), ("B", "2")]));
        let made = functions.deploy(&app.id, &first).await.unwrap();
        let mut second = row("hello", "two");
        second.settings.memory_limit_mb = Some(64);
        let again = functions.deploy(&app.id, &second).await.unwrap();
        assert_eq!((again.version, &again.function_id), (2, &made.function_id));
        assert_eq!(again.triggers, made.triggers);

        let function = functions.get(&app.id, "hello").await.unwrap().unwrap();
        assert_eq!(function.description.as_deref(), Some("says hello"));
        assert_eq!((function.settings.timeout_ms, function.settings.memory_limit_mb), (5, 64));
        let env = store.env().get(&app.id, Some(&function.id)).await.unwrap();
        assert_eq!(env, encrypted(&[("A", "1"), ("B", "2")]));

        let mut third = row("hello", "three");
        third.env = Some(encrypted(&[("C", "3")]));
        functions.deploy(&app.id, &third).await.unwrap();
        let env = store.env().get(&app.id, Some(&function.id)).await.unwrap();
        assert_eq!(env, encrypted(&[("C", "3")]), "an environment given replaces the old one");
    });
}

#[test]
fn every_version_is_kept_and_can_serve_again() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let functions = store.functions();
        for code in ["one", "two", "three"] {
            functions.deploy(&app.id, &row("hello", code)).await.unwrap();
        }
        let back = functions.rollback(&app.id, "hello", None).await.unwrap();
        assert_eq!(back.version, 2);
        assert_eq!(functions.rollback(&app.id, "hello", Some(1)).await.unwrap().version, 1);
        for missing in [
            functions.rollback(&app.id, "hello", None).await,
            functions.rollback(&app.id, "hello", Some(9)).await,
        ] {
            assert!(matches!(missing, Err(StoreError::Missing(_))), "{missing:?}");
        }
        let versions = store.versions().list(&app.id, "hello").await.unwrap();
        let listed: Vec<_> = versions.iter().map(|version| (version.number, version.active)).collect();
        assert_eq!(listed, [(3, false), (2, false), (1, true)]);
        let source = store.versions().source(&versions[0].id).await.unwrap().unwrap();
        assert_eq!((source.code.as_str(), source.file_name.as_str()), ("three", "hello.ts"));
        // The next deploy continues the version numbers.
        assert_eq!(functions.deploy(&app.id, &row("hello", "four")).await.unwrap().version, 4);
    });
}

#[test]
fn another_engine_finds_no_image_until_it_made_one() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let deployed = store.functions().deploy(&app.id, &row("hello", "one")).await.unwrap();
        let find = async |engine| store.functions().active(&app.id, "hello", engine).await.unwrap().unwrap();
        assert_eq!(find("engine-2").await.image_digest, None);
        let image = StoredImage {
            digest: format!("{} by engine-2", app.id),
            engine_digest: "engine-2".to_owned(),
            bytes: vec![2],
            init_fuel: 8,
        };
        store.versions().put_image(&deployed.version_id, &image).await.unwrap();
        assert_eq!(find("engine-2").await.image_digest, Some(image.digest));
        assert_eq!(find(ENGINE).await.image_digest.as_deref(), Some("image of one"));
    });
}

#[test]
fn paths_lead_to_functions_through_enabled_triggers() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let other = TestApp::new("").await;
        let mut deployed = row("hello", "one");
        deployed.triggers = Some(vec![http("/hi", true)]);
        store.functions().deploy(&app.id, &deployed).await.unwrap();
        let find = async |app: &TestApp, path| {
            store
                .functions()
                .active_by_path(&app.id, path, ENGINE)
                .await
                .unwrap()
                .map(|found| found.function_name)
        };
        assert_eq!(find(&app, "/hi").await.as_deref(), Some("hello"));
        assert_eq!(find(&app, "/ho").await, None);
        assert_eq!(find(&other, "/hi").await, None);
        deployed.triggers = Some(vec![http("/hi", false)]);
        store.functions().deploy(&app.id, &deployed).await.unwrap();
        assert_eq!(find(&app, "/hi").await, None);
    });
}

#[test]
fn deploys_at_once_get_numbers_of_their_own() {
    run(async {
        let app = TestApp::new("").await;
        let deploys: Vec<_> = (0..8)
            .map(|number| {
                let id = app.id.clone();
                tokio::spawn(async move {
                    let row = row("hello", &format!("{number}"));
                    store().await.functions().deploy(&id, &row).await.unwrap().version
                })
            })
            .collect();
        let mut numbers = Vec::new();
        for deploy in deploys {
            numbers.push(deploy.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    });
}

#[test]
fn an_environment_is_merged_and_its_revision_moves() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let function = store.functions().deploy(&app.id, &row("hello", "one")).await.unwrap().function_id;
        let change = |pairs: &[(&str, Option<&str>)]| -> BTreeMap<String, Option<String>> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
        };
        let revision =
            async || store.functions().active(&app.id, "hello", ENGINE).await.unwrap().unwrap().env_revision;
        let before = revision().await;
        let env = store.env();
        let names = env
            .merge(&app.id, Some(&function), &change(&[("A", Some("1")), ("B", Some("2"))]))
            .await
            .unwrap();
        assert_eq!(names, ["A", "B"]);
        let names = env
            .merge(&app.id, Some(&function), &change(&[("A", None), ("B", Some("3")), ("X", None)]))
            .await
            .unwrap();
        assert_eq!(names, ["B"]);
        env.merge(&app.id, None, &change(&[("G", Some("4"))])).await.unwrap();
        assert_eq!(env.get(&app.id, Some(&function)).await.unwrap(), encrypted(&[("B", "3")]));
        assert_eq!(env.get(&app.id, None).await.unwrap(), encrypted(&[("G", "4")]));
        let after = revision().await;
        assert!(after.0 > before.0 && after.1 > before.1, "{before:?} {after:?}");
        let missing = env.merge(&app.id, Some("fn_nothing"), &change(&[])).await;
        assert!(matches!(missing, Err(StoreError::Missing(_))));
    });
}

#[test]
fn a_deleted_function_leaves_no_environment_for_its_successor() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let mut with_env = row("hello", "one");
        with_env.env = Some(encrypted(&[("A", "1")]));
        store.functions().deploy(&app.id, &with_env).await.unwrap();
        assert!(store.functions().delete(&app.id, "hello").await.unwrap());
        assert!(!store.functions().delete(&app.id, "hello").await.unwrap());
        let next = store.functions().deploy(&app.id, &row("hello", "two")).await.unwrap();
        assert_eq!(next.version, 1);
        assert!(store.env().get(&app.id, Some(&next.function_id)).await.unwrap().is_empty());
    });
}

#[test]
fn settings_change_one_by_one() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        store.functions().deploy(&app.id, &row("hello", "one")).await.unwrap();
        let patch =
            SettingsChange { allow_service_key_impersonation: Some(false), ..SettingsChange::default() };
        let patched = store.functions().patch_settings(&app.id, "hello", &patch).await.unwrap().unwrap();
        assert!(!patched.settings.allow_service_key_impersonation);
        assert_eq!(patched.settings.timeout_ms, 30_000);
        assert!(store.functions().patch_settings(&app.id, "other", &patch).await.unwrap().is_none());
    });
}

async fn next_of(app: &TestApp, changes: &mut mayfly_store::Changes) -> (Option<String>, ChangeKind) {
    loop {
        match changes.next().await.unwrap() {
            Change::Changed { app_id, function, kind } if app_id == app.id => return (function, kind),
            Change::Changed { .. } | Change::Resync => {}
        }
    }
}

#[test]
fn every_change_is_told() {
    run(async {
        let store: Store = store().await;
        let app = TestApp::new("").await;
        let mut changes = store.subscribe();
        assert_eq!(changes.next().await, Some(Change::Resync));
        let hello = || Some("hello".to_owned());
        let function = store.functions().deploy(&app.id, &row("hello", "one")).await.unwrap().function_id;
        assert_eq!(next_of(&app, &mut changes).await, (hello(), ChangeKind::Deploy));
        store.env().merge(&app.id, Some(&function), &BTreeMap::new()).await.unwrap();
        assert_eq!(next_of(&app, &mut changes).await, (hello(), ChangeKind::Env));
        store.env().merge(&app.id, None, &BTreeMap::new()).await.unwrap();
        assert_eq!(next_of(&app, &mut changes).await, (None, ChangeKind::Env));
        store.functions().delete(&app.id, "hello").await.unwrap();
        assert_eq!(next_of(&app, &mut changes).await, (hello(), ChangeKind::Delete));
    });
}

#[test]
fn an_app_that_is_not_ready_takes_no_deploy() {
    run(async {
        let outcome = store().await.functions().deploy("app_000000000000", &row("hello", "one")).await;
        assert!(matches!(outcome, Err(StoreError::Missing("the app"))), "{outcome:?}");
    });
}

#[test]
fn compiled_functions_belong_to_an_image_that_gets_calls() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let functions = store.functions();
        let (one, two) = (format!("{} one", app.id), format!("{} two", app.id));
        functions.deploy(&app.id, &row("hello", &one)).await.unwrap();
        let image = format!("image of {one}");
        let build = EngineBuild { engine: ENGINE, compiler: "compiler-1" };
        let compiled = |generation: u32, digest: &str| CompiledFunctions {
            digest: digest.to_owned(),
            generation,
            addresses: vec![u32::MAX, 8, 16],
        };
        let put = async |compiled: CompiledFunctions, name: &str| {
            store.compiled().put(&image, build.compiler, &compiled, &[name.to_owned()]).await.unwrap()
        };
        assert!(store.compiled().serves(&image).await.unwrap());
        assert_eq!(put(compiled(1, "a"), "first\0").await, Some(compiled(1, "a")));
        // Who comes second gets what is there.
        assert_eq!(put(compiled(1, "b"), "other").await, Some(compiled(1, "a")));
        assert_eq!(put(compiled(2, "c"), "second").await, Some(compiled(2, "c")));
        let active = async |build| functions.active(&app.id, "hello", build).await.unwrap().unwrap().compiled;
        assert_eq!(active(build).await, Some(compiled(2, "c")));
        assert_eq!(active(EngineBuild { compiler: "compiler-2", ..build }).await, None);
        assert_eq!(active(ENGINE.into()).await, None);
        let find = async |digest| store.compiled().find(&image, build.compiler, digest).await.unwrap();
        assert_eq!(find("a").await, Some(compiled(1, "a")));
        assert_eq!(find("b").await, None);
        let version = functions.active(&app.id, "hello", build).await.unwrap().unwrap().version_id;
        assert_eq!(store.compiled().names(&version, build).await.unwrap(), ["second"]);
        assert_eq!(store.compiled().names(&version, ENGINE.into()).await.unwrap(), [""; 0]);

        // Another version serves: what is compiled by now came too late.
        functions.deploy(&app.id, &row("hello", &two)).await.unwrap();
        assert!(!store.compiled().serves(&image).await.unwrap());
        assert_eq!(put(compiled(3, "d"), "late").await, None);
        assert_eq!(active(build).await, None);
        // As a canary it gets calls again.
        let again = functions.active(&app.id, "hello", ENGINE).await.unwrap().unwrap();
        assert_eq!(again.version, 2);
        functions.rollback(&app.id, "hello", Some(1)).await.unwrap();
        let rollout = RolloutTerms { percent: 10, max_error_percent: 5, min_invocations: 20 };
        functions.deploy(&app.id, &DeployRow { rollout: Some(rollout), ..row("hello", &two) }).await.unwrap();
        let canary = functions.active(&app.id, "hello", build).await.unwrap().unwrap();
        assert_eq!(canary.compiled, Some(compiled(2, "c")));
        assert_eq!(canary.canary.unwrap().compiled, None);
        assert!(store.compiled().serves(&format!("image of {two}")).await.unwrap());
    });
}
