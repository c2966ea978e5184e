//! `ctx.enqueue`: what reaches the provider, and which transaction a job is part of.

use crate::recorder::recorded;

const PLAIN: &str =
    "payload: \"{\\\"a\\\":1}\", key: None, start: Now, attempts: None, backoff_seconds: None";

#[test]
fn a_job_reaches_the_provider_as_it_was_given() {
    let (answer, log) = recorded(
        "const all = [await ctx.enqueue('mail', { a: 1 }), await ctx.enqueue('mail', undefined, { key: 'k', delay: 1.5,
           attempts: 3, backoff: 0 }), await ctx.enqueue('mail', null, { at: new Date(86400000) })];
         return Response.json(all)",
    );
    assert_eq!(
        answer,
        r#"[{"id":"job_1","duplicate":false},{"id":"job_1","duplicate":true},{"id":"job_1","duplicate":false}]"#
    );
    assert_eq!(
        log,
        [
            format!("enqueue NewJob {{ function: \"mail\", {PLAIN} }}"),
            "enqueue NewJob { function: \"mail\", payload: \"null\", key: Some(\"k\"), start: In(1500.0), attempts: Some(3), backoff_seconds: Some(0.0) }".to_owned(),
            "enqueue NewJob { function: \"mail\", payload: \"null\", key: None, start: At(86400000.0), attempts: None, backoff_seconds: None }".to_owned(),
        ]
    );
}

#[test]
fn a_job_is_part_of_the_innermost_open_transaction() {
    let (answer, log) = recorded(
        "const late = async () => { await 0; await new Promise((done) => setTimeout(done, 1)); return ctx.enqueue('mail', { a: 1 }) };
         let after;
         await ctx.db.tx(async () => { await late(); after = new Promise((done) => setTimeout(done, 20)).then(late) });
         await Promise.all([after, late()]);
         try { await ctx.db.tx(async (tx) => tx.tx(async () => { await tx.enqueue('mail', 1) })) } catch (error) { return new Response(error.code) }",
    );
    let job = format!("NewJob {{ function: \"mail\", {PLAIN} }}");
    assert_eq!(answer, "25002", "the outer one is not to be used while the inner one is open");
    let begin = "begin TransactionOptions { isolation: None, read_only: false }".to_owned();
    let (within, alone) = (format!("enqueue in it {job}"), format!("enqueue {job}"));
    let commit = "commit".to_owned();
    let nested = ["savepoint", "rollback to", "rollback"].map(str::to_owned);
    let expected: Vec<String> =
        [begin.clone(), within, commit, alone.clone(), alone, begin].into_iter().chain(nested).collect();
    assert_eq!(log, expected);
}

#[test]
fn what_the_provider_refuses_is_thrown_and_never_stored() {
    let (answer, log) = recorded(
        "try { await ctx.db.tx(() => ctx.enqueue('missing')) } catch (error) { return new Response(error.code) }",
    );
    assert_eq!(answer, "RESOURCE_NOT_FOUND");
    assert_eq!(log, ["begin TransactionOptions { isolation: None, read_only: false }", "rollback"]);
}
