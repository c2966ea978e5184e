//! An invocation that never ran, for its code does not compile: it is counted, and has a record.

use std::time::Duration;

use mayfly_api::error::ApiError;
use mayfly_common::clock;
use mayfly_runtime::{Outcome, ResourceUsage};

use super::record::{self, InvocationStart};
use super::scope::InvocationScope;
use super::{Invocation, Invoker, ids};

impl Invoker {
    /// Count what finding that out took, and write it down. Answers the error of that invocation.
    pub async fn refused(
        &self,
        invocation: Invocation,
        error: ApiError,
        fuel: u64,
        took: Duration,
    ) -> ApiError {
        let Invocation {
            function,
            request,
            path,
            caller,
            identity,
            trigger,
            context,
            mut permit,
            parent,
            terms,
        } = invocation;
        let parts = &self.shared.parts;
        parts.execution.daily.spend(&function.function.app_id, fuel, 0);
        permit.spent(fuel);
        drop(permit);
        let id = ids::invocation_id();
        let scope = InvocationScope {
            id: id.clone(),
            function: function.clone(),
            caller,
            identity,
            context,
            parent,
            invoked_fuel: 0.into(),
            allowance: terms.allowance,
            script: None,
            tools: None,
        };
        scope.ended(fuel);
        let started_at = clock::now() - took;
        let start =
            InvocationStart { trigger, method: request.method, path, started_at, scope: scope.into() };
        let usage = ResourceUsage { fuel, duration: took, ..ResourceUsage::default() };
        let outcome = Outcome {
            status: None,
            fault: None,
            background: None,
            usage,
            logs: Vec::new(),
            recording: None,
            samples: Vec::new(),
        };
        let mut record = record::of(&function, start, outcome);
        record.error_code = Some(error.code().as_str().to_owned());
        record.error_message = Some(error.message().to_owned());
        record.error_stack = error.stack().map(str::to_owned);
        parts.records.sink.record(record).await;
        error.of_invocation(&id)
    }
}
