//! `ctx.db` and `ctx.idempotency` as a function sees them, and what the provider is asked.

use mayfly_runtime::providers::Value;

use crate::recorder::recorded;

#[test]
fn every_kind_of_parameter_reaches_the_provider() {
    let (_, log) = recorded(
        "await ctx.db.query('q', [null, undefined, true, 1.5, NaN, 2n ** 64n, 'é', new Uint8Array([1, 2]), new Uint8Array([3]).buffer, new Date(5), { a: [1] }, [1, ['x', null]], new Date(NaN)]);
         return new Response('')",
    );
    let params = vec![
        Value::Null,
        Value::Null,
        Value::Bool(true),
        Value::Number(1.5),
        Value::Number(f64::NAN),
        Value::Bigint("18446744073709551616".to_owned()),
        Value::Text("é".to_owned()),
        Value::Bytes(vec![1, 2]),
        Value::Bytes(vec![3]),
        Value::Date(5.0),
        Value::Json(r#"{"a":[1]}"#.to_owned()),
        Value::Array(vec![Value::Number(1.0), Value::Array(vec![Value::Text("x".to_owned()), Value::Null])]),
        Value::Date(f64::NAN),
    ];
    assert_eq!(log, [format!("q {params:?}")]);
}

#[test]
fn a_statement_is_the_same_however_it_is_asked_for() {
    let (answer, log) = recorded(
        "const { query } = ctx.db;
         await query('a'); await query('b', undefined); await query('c', null); await query.call(7, 'd', [1], undefined);
         await query('e', [], null); await query('f', [2], {});
         const wrong = [() => query(), () => query(1), () => query(new String('h')), () => query('i', 'x'), () => query('j', { length: 1 }),
           () => query('k', [], { bigint: 'no' }), () => query('l', [() => {}]), () => query('m', [], { get rowMode() { throw new RangeError('n') } })]
           .map((call) => call().then(() => 'fine', (error) => error.name));
         return Response.json([await Promise.all(wrong), query.name, query.length, Object.isFrozen(ctx.db)])",
    );
    let number = |value: f64| vec![Value::Number(value)];
    let params = [vec![], vec![], vec![], number(1.0), vec![], number(2.0)];
    let expected: Vec<_> = ('a'..).zip(params).map(|(sql, params)| format!("{sql} {params:?}")).collect();
    assert_eq!(log, expected);
    assert_eq!(
        answer,
        r#"[["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","RangeError"],"query",3,true]"#
    );
}

#[test]
fn a_templates_values_are_parameters() {
    let (answer, log) = recorded(
        "const { sql } = ctx.db;
         await sql`select 1`;
         await sql`select ${1}, ${'x; drop table y'} from \"${'z'}\" where a = '\\n' and ${null}`;
         await ctx.db.tx(async (tx) => { await tx.sql`in ${true}` });
         const wrong = await Promise.all([() => sql('select 1'), () => sql(['select 1']), () => sql`${() => {}}`]
             .map(async (call) => { try { await call() } catch (e) { return e.name } }));
         return Response.json(wrong)",
    );
    let text = |text: &str| Value::Text(text.to_owned());
    let second = vec![Value::Number(1.0), text("x; drop table y"), text("z"), Value::Null];
    let expected = [
        "select 1 []".to_owned(),
        format!("select $1, $2 from \"$3\" where a = '\n' and $4 {second:?}"),
        "begin TransactionOptions { isolation: None, read_only: false }".to_owned(),
        "in $1 [Bool(true)]".to_owned(),
        "commit".to_owned(),
    ];
    assert_eq!(log, expected);
    assert_eq!(answer, r#"["TypeError","TypeError","TypeError"]"#);
}

#[test]
fn what_is_no_parameter_is_a_type_error() {
    for value in ["() => {}", "Symbol()", "[[[[[[[[1]]]]]]]]"] {
        let (answer, log) = recorded(&format!(
            "try {{ await ctx.db.query('q', [{value}]) }} catch (e) {{ return new Response(e.name) }}"
        ));
        assert_eq!((answer.as_str(), log.len()), ("TypeError", 0), "{value}");
    }
}

#[test]
fn columns_are_revived() {
    let (answer, _) = recorded(
        "const { rows: [r], rowCount, fields } = await ctx.db.query('q');
         return Response.json([r.at instanceof Date, r.at, [...r.b], Number.isNaN(r.n), r.big, r.days[0] instanceof Date, r.days[1], r.days[2] === Infinity, r.plain, rowCount, fields]);",
    );
    assert_eq!(
        answer,
        r#"[true,"1970-01-02T00:00:00.000Z",[0,255],true,"9007199254740993",true,null,true,{"x":[1]},1,[{"name":"at","type":"timestamptz"}]]"#
    );
    let (answer, _) = recorded(
        "return new Response(typeof (await ctx.db.query('q', [], { bigint: 'bigint' })).rows[0].big)",
    );
    assert_eq!(answer, "bigint");
}

#[test]
fn an_error_of_the_database_keeps_its_fields() {
    let (answer, _) = recorded(
        "try { await ctx.db.query('fail') } catch (e) { return Response.json([e.code, e.message, e.position]) }",
    );
    assert_eq!(answer, r#"["42P01","no such table","15"]"#);
}

#[test]
fn an_error_of_an_operation_has_the_functions_that_wait_for_it_as_its_stack() {
    let (answer, _) = recorded(
        "const look = async () => { await null; return (await ctx.db.query('fail')).rows };
         const outer = async () => { const rows = await look(); return rows };
         const lines = (e) => e.stack.split('\\n').filter((line) => line !== '').map((line) => line.trim().split(' ')[1]);
         const all = [];
         try { await outer() } catch (e) { all.push([lines(e), Object.keys(e).includes('stack'), e instanceof Error]) }
         try { await Promise.all([1, look()]) } catch (e) { all.push(lines(e)) }
         try { await ctx.db.tx((tx) => tx.query('fail')) } catch (e) { all.push(lines(e)) }
         try { await fetch('http://x.test/') } catch (e) { all.push([e.name, lines(e)]) }
         return Response.json(all)",
    );
    assert_eq!(
        answer,
        r#"[[["look","outer","default"],false,true],["look","default"],["default"],["TypeError",["default"]]]"#
    );
}

#[test]
fn a_transaction_commits_when_its_function_resolves_and_rolls_back_when_it_throws() {
    let (answer, log) = recorded(
        "const { tx } = ctx.db; return new Response(await tx(async t => { await t.query('a'); return 'done' }, { isolation: 'serializable', readOnly: true }))",
    );
    assert_eq!(answer, "done");
    assert_eq!(
        log,
        ["begin TransactionOptions { isolation: Some(Serializable), read_only: true }", "a []", "commit"]
    );

    let (answer, log) = recorded(
        "let kept; try { await ctx.db.tx(async t => { kept = t; await t.query('a'); throw new Error('no') }) } catch (e) {
           try { await kept.query('b') } catch (late) { return new Response(e.message + ': ' + late.message) } }",
    );
    assert_eq!(answer, "no: This transaction has ended: its function has returned");
    assert_eq!(log[1..], ["a []", "rollback"]);
}

#[test]
fn claims_are_checked_before_they_leave() {
    let (answer, log) = recorded(
        "const bad = async (...a) => { try { await ctx.idempotency.claim(...a); return 'taken' } catch (e) { return e.name } };
         return Response.json([await ctx.idempotency.claim('k', { scope: 's', ttlSeconds: 60.9 }), await ctx.idempotency.claim('x'.repeat(255)),
           await bad(''), await bad('x'.repeat(256)), await bad(1), await bad('k', { scope: '' }), await bad('k', { ttlSeconds: 'x' })])",
    );
    assert_eq!(answer, r#"[true,true,"TypeError","TypeError","TypeError","TypeError","TypeError"]"#);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0], r#"Claim { key: "k", scope: "s", ttl_seconds: Some(60) }"#);
}

const BEGIN: &str = "begin TransactionOptions { isolation: None, read_only: false }";

#[test]
fn a_transaction_within_one_is_kept_or_undone_alone() {
    let (answer, log) = recorded(
        "return new Response(await ctx.db.tx(async (tx) => {
           const kept = await tx.tx(async (inner) => { await inner.query('a'); return 'kept' });
           try { await tx.tx(async (inner) => { await inner.query('b'); throw new Error('undone') }) } catch (e) { return `${kept} ${e.message}` }
         }))",
    );
    assert_eq!(answer, "kept undone");
    assert_eq!(log, [BEGIN, "savepoint", "a []", "release", "savepoint", "b []", "rollback to", "commit"]);
}

#[test]
fn a_transaction_waits_for_the_one_within_it() {
    let (answer, log) = recorded(
        "const codes = [];
         const note = async (work) => { try { await work() } catch (e) { codes.push(e.code ?? e.name) } };
         await ctx.db.tx(async (tx) => {
           await tx.tx(async (inner) => {
             await note(() => tx.query('outer')); await note(() => tx.sql`outer`); await note(() => tx.tx(async () => {}));
             await note(() => tx.stream('outer')[Symbol.asyncIterator]().next());
             await note(() => inner.tx(async () => {}, { readOnly: true }));
             await inner.query('inner');
           });
           await tx.query('outer');
         });
         let kept;
         await note(() => ctx.db.tx(async (tx) => { kept = tx; tx.tx(() => new Promise(() => {})).catch(() => {}); }));
         await note(() => kept.query('late'));
         return Response.json(codes)",
    );
    assert_eq!(answer, r#"["25002","25002","25002","25002","TypeError","25002","25P01"]"#);
    assert_eq!(
        log,
        [BEGIN, "savepoint", "inner []", "release", "outer []", "commit", BEGIN, "savepoint", "rollback"]
    );
}

#[test]
fn impersonation_is_checked_with_every_statement() {
    let (answer, log) = recorded(
        "const codes = []; let kept;
         const note = async (work) => { try { codes.push(await work()) } catch (e) { codes.push(e.code ?? e.name) } };
         await note(() => ctx.db.asUser('alice', async (db) => { kept = db; await db.query('a'); await db.tx(async (tx) => { await tx.query('b') }); return 'done' }));
         await note(() => ctx.db.asAnon((db) => db.sql`c`.then((r) => r.rowCount)));
         await note(() => ctx.db.asUser('forbidden', () => { throw new Error('it ran') }));
         await note(() => kept.query('late'));
         await note(() => ctx.db.asUser(1, async () => {}));
         await note(() => ctx.db.asUser('alice'));
         await note(() => kept.asUser);
         return Response.json(codes)",
    );
    assert_eq!(answer, r#"["done",1,"AUTH_IMPERSONATION_FORBIDDEN","25P01","TypeError","TypeError",null]"#);
    let alice = r#"User("alice")"#;
    assert_eq!(
        log,
        [
            alice,
            alice,
            "a []",
            alice,
            BEGIN,
            "b []",
            "commit",
            "Anon",
            "Anon",
            "c []",
            r#"User("forbidden")"#
        ]
    );
}

const READING: &str = "begin TransactionOptions { isolation: None, read_only: true }";

#[test]
fn a_stream_reads_what_is_asked_for_and_ends_with_its_transaction() {
    let (answer, log) = recorded(
        "const seen = []; for await (const row of ctx.db.stream('s', [], { batchSize: 2 })) seen.push(row.n, row.at instanceof Date);
         return Response.json(seen)",
    );
    assert_eq!(answer, "[1,true,2,true,3,true,4,true]");
    assert_eq!(log, [READING, "open s Object", "fetch 2 of 7", "fetch 2 of 7", "fetch 2 of 7", "commit"]);
}

#[test]
fn a_stream_that_is_left_is_closed() {
    let (_, log) = recorded(
        "for await (const row of ctx.db.stream('s')) if (row.n === 2) break;
         await ctx.db.query('after'); return new Response('')",
    );
    assert_eq!(log, [READING, "open s Object", "fetch 500 of 7", "rollback", "after []"]);

    let (_, log) = recorded(
        "await ctx.db.tx(async (tx) => { for await (const row of tx.stream('s', null, { rowMode: 'array' })) break; await tx.query('q') });
         return new Response('')",
    );
    assert_eq!(log, [BEGIN, "open s Array", "fetch 500 of 7", "close 7", "q []", "commit"]);

    let (answer, log) = recorded(
        "ctx.db.stream('never iterated');
         const wrong = [0, 10_001, 1.5, '1'].map((batchSize) => { try { ctx.db.stream('s', [], { batchSize }) } catch (e) { return e.name } });
         return Response.json(wrong)",
    );
    assert_eq!(answer, r#"["TypeError","TypeError","TypeError","TypeError"]"#);
    assert!(log.is_empty(), "{log:?}");
}

#[test]
fn rows_can_be_asked_for_together_and_never_after_the_end() {
    let (answer, log) = recorded(
        "const rows = ctx.db.stream('s', [], { batchSize: 2 })[Symbol.asyncIterator]();
         const together = await Promise.all([rows.next(), rows.next(), rows.next()]);
         const left = await rows.return('left');
         const after = [await rows.next(), await rows[Symbol.asyncIterator]().next()];
         const early = ctx.db.stream('never begun')[Symbol.asyncIterator]();
         await early.return();
         return Response.json([together.map(({ value }) => value.n), left, after, await early.next()])",
    );
    let done = r#"{"done":true}"#;
    assert_eq!(answer, format!(r#"[[1,2,3],{{"value":"left","done":true}},[{done},{done}],{done}]"#));
    assert_eq!(log, [READING, "open s Object", "fetch 2 of 7", "fetch 2 of 7", "rollback"]);
}

#[test]
fn work_is_done_with_its_key_or_not_at_all() {
    let (answer, log) = recorded(
        "const { run } = ctx.idempotency;
         const results = [await run('new', null, async (tx) => { await tx.query('w'); return { at: new Date(0), not: undefined } }),
           await run('done', {}, () => { throw new Error('it ran') }), await run('new', {}, () => {}) === undefined, await run('done for nothing', {}, () => 1) === undefined];
         for (const work of [() => { throw new Error('thrown') }, () => 1n]) { try { await run('new', {}, work) } catch (e) { results.push(e.name) } }
         return Response.json(results)",
    );
    assert_eq!(answer, r#"[{"at":"1970-01-01T00:00:00.000Z"},{"at":"then"},true,true,"Error","TypeError"]"#);
    let settled = r#"settle {"at":"1970-01-01T00:00:00.000Z"}"#;
    assert_eq!(
        log,
        [
            "begin with new",
            "w []",
            settled,
            "begin with done",
            "begin with new",
            "settle ",
            "begin with done for nothing",
            "begin with new",
            "rollback",
            "begin with new",
            "rollback"
        ]
    );
}
