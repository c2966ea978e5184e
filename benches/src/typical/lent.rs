//! Stub providers for a function that runs alone: every result is constant.

use std::sync::{Arc, LazyLock};

use mayfly_ledger::{Account, Ledger};
use mayfly_runtime::providers::{
    Actor, BoxFuture, Claim, ClaimOutcome, Cursor, Database, Environment, Fetch, FetchRequest, FetchResponse,
    GuestError, Idempotency, NewJob, ResultSet, RowBatch, Statement, StoredJob, Transaction,
    TransactionOptions,
};

const ROWS: &str = r#"{"rowCount":1,"fields":[{"name":"id","type":"int4"},{"name":"title","type":"text"}],"revive":[],"rows":[{"id":7,"title":"a"}]}"#;

#[derive(Debug)]
struct Outside;

/// From a ledger, as on a node.
pub(super) fn account() -> Account {
    static LEDGER: LazyLock<Ledger> = LazyLock::new(|| Ledger::new(4 << 30));
    LEDGER.account("app_1")
}

pub(super) fn environment() -> Arc<Environment> {
    Arc::new(Environment::from([("GREETING".to_owned(), "hello".to_owned().into())]))
}

pub(super) fn database() -> Arc<dyn Database> {
    Arc::new(Outside)
}

pub(super) fn claims() -> Arc<dyn Idempotency> {
    Arc::new(Outside)
}

pub(super) fn web() -> Arc<dyn Fetch> {
    Arc::new(Outside)
}

fn answer(statement: &Statement) -> Result<ResultSet, GuestError> {
    match statement.sql.as_str() {
        "broken" => Err(GuestError::new("42601", "syntax error at or near \"broken\"").with("position", "1")),
        _ => Ok(ResultSet { json: ROWS.into() }),
    }
}

impl Database for Outside {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move { answer(&statement) })
    }

    fn begin(
        self: Arc<Self>,
        _options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Transaction>) })
    }

    fn act_as(self: Arc<Self>, _actor: Actor) -> Result<Arc<dyn Database>, GuestError> {
        Ok(self)
    }
}

impl Transaction for Outside {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Box::pin(async move { answer(&statement) })
    }

    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn open(&mut self, _statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>> {
        Box::pin(async { Ok(Cursor(1)) })
    }

    fn fetch(&mut self, _cursor: Cursor, _rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>> {
        Box::pin(async { Ok(RowBatch { result: ResultSet { json: ROWS.into() }, is_last: true }) })
    }

    fn close(&mut self, _cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn enqueue(&mut self, _job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>> {
        Box::pin(async { Ok(StoredJob { id: "job_1".to_owned(), duplicate: false }) })
    }

    fn finish(self: Box<Self>, _result: String) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Idempotency for Outside {
    fn claim(self: Arc<Self>, _claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>> {
        Box::pin(async { Ok(true) })
    }

    fn begin(self: Arc<Self>, _claim: Claim) -> BoxFuture<'static, Result<ClaimOutcome, GuestError>> {
        Box::pin(async { Ok(ClaimOutcome::Done("null".to_owned())) })
    }
}

impl Fetch for Outside {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async move {
            Ok(FetchResponse {
                status: 200,
                status_text: "OK".to_owned(),
                url: request.url,
                redirected: false,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: r#"{"n":1}"#.to_owned().into(),
            })
        })
    }
}
