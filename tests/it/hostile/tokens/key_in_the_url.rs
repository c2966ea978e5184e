//! Keys and tokens in the query string, which would leak into logs and histories.

use support::cluster::run;

#[test]
fn a_key_in_the_query_string() {
    run(async {
        let app = super::app().await;
        let token = app.token("alice").await;
        for query in [
            format!("apikey={}", app.service_key),
            format!("whatever={}", app.anon_key),
            format!("token={}", app.admin_key),
            format!("a=b&access_token={token}"),
            format!("access%5ftoken={token}"),
        ] {
            for auth in ["required", "optional"] {
                let refused =
                    app.call("GET", &format!("{auth}?{query}")).fails(401, "AUTH_INVALID_TOKEN").await;
                assert_eq!(refused.json()["error"]["details"]["reason"], "in_query_string", "{query}");
            }
            app.call("GET", &format!("none?{query}")).ok().await;
            let managed = app.client.get(&app.path(&format!("/functions?{query}")));
            managed.fails(401, "AUTH_INVALID_TOKEN").await;
        }
        // The function's own parameter.
        app.call("GET", "optional?token=abc&key=bb_sk_").ok().await;
        let records = app.logs("none").await;
        assert!(
            records.iter().all(|record| !record.to_string().contains(&app.service_key)),
            "never in a record"
        );
    });
}
