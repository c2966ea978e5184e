//! Providers that record their calls.

use std::sync::{Arc, Mutex};

use mayfly_runtime::providers::{
    Actor, BoxFuture, Claim, ClaimOutcome, Cursor, Database, GuestError, Idempotency, NewJob, Queue,
    ResultSet, RowBatch, Statement, StoredJob, Transaction, TransactionOptions,
};

use crate::support::{call, image, invoke, text};

/// Keeps what it was asked, and answers with canned rows: the far side of `ctx.db` is tested with PostgreSQL elsewhere.
#[derive(Default)]
pub(crate) struct Recorder {
    log: Mutex<Vec<String>>,
}

impl Recorder {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }
}

impl Database for Recorder {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        self.note(format!("{} {:?}", statement.sql, statement.params));
        Box::pin(async move {
            if statement.sql == "fail" {
                return Err(GuestError::new("42P01", "no such table").with("position", "15"));
            }
            let json = br#"{"rowCount":1,"fields":[{"name":"at","type":"timestamptz"}],"revive":[["at","date"],["b","bytes"],["n","number"],["big","bigint"],["days","date[]"]],"rows":[{"at":86400000,"b":"00ff","n":"NaN","big":"9007199254740993","days":[0,null,"infinity"],"plain":{"x":[1]}}]}"#;
            Ok(ResultSet { json: json.to_vec() })
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        self.note(format!("begin {options:?}"));
        Box::pin(async move { Ok(Box::new(Open(self)) as Box<dyn Transaction>) })
    }

    fn act_as(self: Arc<Self>, actor: Actor) -> Result<Arc<dyn Database>, GuestError> {
        self.note(format!("{actor:?}"));
        match actor {
            Actor::User(id) if id == "forbidden" => {
                Err(GuestError::new("AUTH_IMPERSONATION_FORBIDDEN", "no"))
            }
            Actor::User(_) | Actor::Anon => Ok(self),
        }
    }
}

struct Open(Arc<Recorder>);

impl Open {
    fn did(&self, what: &str) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note(what);
        Box::pin(async { Ok(()) })
    }
}

impl Transaction for Open {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Arc::clone(&self.0).query(statement)
    }

    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        self.did("savepoint")
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        self.did("release")
    }

    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        self.did("rollback to")
    }

    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>> {
        self.0.note(format!("open {} {:?}", statement.sql, statement.shape));
        Box::pin(async { Ok(Cursor(7)) })
    }

    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>> {
        self.0.note(format!("fetch {rows} of {}", cursor.0));
        // Two batches of two, and an end.
        let fetched = self.0.log.lock().unwrap().iter().filter(|line| line.starts_with("fetch")).count();
        let json = match fetched {
            3.. => r#"{"rowCount":null,"fields":[],"revive":[],"rows":[]}"#.to_owned(),
            n => format!(
                r#"{{"rowCount":null,"fields":[],"revive":[["at","date"]],"rows":[{{"n":{0},"at":0}},{{"n":{1},"at":0}}]}}"#,
                2 * n - 1,
                2 * n
            ),
        };
        let result = ResultSet { json: json.into_bytes() };
        Box::pin(async move { Ok(RowBatch { result, is_last: fetched >= 3 }) })
    }

    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>> {
        self.did(&format!("close {}", cursor.0))
    }

    fn enqueue(&mut self, job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>> {
        self.0.note(format!("enqueue in it {job:?}"));
        Box::pin(async { Ok(StoredJob { id: "job_1".to_owned(), duplicate: false }) })
    }

    fn finish(self: Box<Self>, result: String) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note(format!("settle {result}"));
        Box::pin(async { Ok(()) })
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note("commit");
        Box::pin(async { Ok(()) })
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        self.0.note("rollback");
        Box::pin(async { Ok(()) })
    }
}

impl Queue for Recorder {
    fn admit(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<NewJob, GuestError>> {
        Box::pin(async move {
            match job.function.as_str() {
                "missing" => Err(GuestError::new("RESOURCE_NOT_FOUND", "no such function")),
                _ => Ok(job),
            }
        })
    }

    fn enqueue(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<StoredJob, GuestError>> {
        self.note(format!("enqueue {job:?}"));
        Box::pin(async move { Ok(StoredJob { id: "job_1".to_owned(), duplicate: job.key.is_some() }) })
    }
}

impl Idempotency for Recorder {
    fn begin(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<ClaimOutcome, GuestError>> {
        self.note(format!("begin with {}", claim.key));
        Box::pin(async move {
            Ok(match claim.key.as_str() {
                "done" => ClaimOutcome::Done(r#"{"at":"then"}"#.to_owned()),
                "done for nothing" => ClaimOutcome::Done(String::new()),
                _ => ClaimOutcome::Mine(Box::new(Open(self))),
            })
        })
    }

    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>> {
        self.note(format!("{claim:?}"));
        Box::pin(async { Ok(true) })
    }
}

/// What a handler with this body answers, and what its providers were asked.
pub(crate) fn recorded(body: &str) -> (String, Vec<String>) {
    recorded_module(&format!("export default async (req, ctx) => {{ {body} }}"))
}

/// The calls of a whole module's function.
pub(crate) fn recorded_module(code: &str) -> (String, Vec<String>) {
    let recorder = Arc::new(Recorder::default());
    let mut call = call();
    call.grants.database = Some(recorder.clone());
    call.grants.idempotency = Some(recorder.clone());
    call.grants.queue = Some(recorder.clone());
    let image = image(code);
    let answer = text(invoke(&image, call).0);
    let log = recorder.log.lock().unwrap().clone();
    (answer, log)
}
