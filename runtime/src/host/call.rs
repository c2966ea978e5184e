//! `mayfly.call`: host calls that are answered synchronously.

use std::time::Instant;

use mayfly_abi::op::HostCall;
use wasmtime::{Caller, Error, Result};

use super::memory;
use crate::capability::completion::Mark;
use crate::meter::fuel;
use crate::sandbox::Sandbox;

pub(super) async fn call(mut caller: Caller<'_, Sandbox>, op: u32, ptr: u32, len: u32) -> Result<u64> {
    let op = HostCall::from_number(op)
        .ok_or_else(|| Error::msg("the guest made a call with an unknown number"))?;
    memory::charge(&mut caller, len as usize);
    let left = memory::collect_debt(&mut caller).await?;
    // These take no bytes: `ptr` is a number, or nothing.
    match op {
        HostCall::Cancel => {
            caller.data_mut().operations.cancel(ptr);
            return Ok(0);
        }
        HostCall::Done => {
            caller.data_mut().completion.done();
            return Ok(0);
        }
        HostCall::TimeLeft => {
            let sandbox = caller.data_mut();
            let left = sandbox.completion.time_left().as_millis() as u64;
            return sandbox.nondeterminism.time_left(left);
        }
        HostCall::SocketEnd => {
            caller.data_mut().sockets.end(ptr);
            return Ok(0);
        }
        HostCall::PromiseGiven | HostCall::PromiseSettled => {
            let sandbox = caller.data_mut();
            let mark = Mark { at: Instant::now(), fuel: left, logs: sandbox.console.entries() };
            match op {
                HostCall::PromiseGiven => sandbox.completion.promise_given(ptr, mark),
                _ => sandbox.completion.promise_settled(ptr, mark),
            }
            return Ok(0);
        }
        HostCall::IsOverBudget => {
            caller.data_mut().samples.take(ptr, left);
            return Ok(u64::from(fuel::is_over(left)));
        }
        HostCall::BodyEnd => {
            caller.data_mut().completion.body_ends(ptr != 0, left);
            return Ok(0);
        }
        _ => {}
    }
    let (bytes, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    Ok(match op {
        HostCall::Head => memory::fill(bytes, &sandbox.incoming.head),
        HostCall::Body => memory::fill(bytes, sandbox.incoming.whole_body()),
        HostCall::Context => memory::fill(bytes, sandbox.incoming.context.as_bytes()),
        HostCall::Env => memory::fill(bytes, sandbox.incoming.env()),
        HostCall::Answer => {
            let filled = memory::fill(bytes, sandbox.operations.answer());
            sandbox.operations.answer_read();
            filled
        }
        HostCall::Computed => memory::fill(bytes, sandbox.compute.result()),
        HostCall::Random => {
            sandbox.nondeterminism.random(bytes)?;
            u64::from(len)
        }
        HostCall::Log => {
            sandbox.console.log(bytes);
            0
        }
        HostCall::Respond => {
            sandbox.completion.respond(bytes, sandbox.limiter.account(), left);
            0
        }
        HostCall::Fault => {
            sandbox.completion.report(bytes, &sandbox.limiter, left);
            0
        }
        HostCall::BackgroundFault => {
            sandbox.completion.report_background(bytes, &sandbox.limiter);
            0
        }
        HostCall::FetchEnd => {
            sandbox.egress.end(bytes)?;
            0
        }
        HostCall::Cancel
        | HostCall::Done
        | HostCall::TimeLeft
        | HostCall::BodyEnd
        | HostCall::PromiseGiven
        | HostCall::PromiseSettled
        | HostCall::SocketEnd
        | HostCall::IsOverBudget => 0,
    })
}
