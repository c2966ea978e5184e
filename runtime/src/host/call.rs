//! `mayfly.call`: what the host answers at once.

use mayfly_abi::op::Call;
use wasmtime::{Caller, Error, Result};

use super::memory;
use crate::sandbox::{Sandbox, fuel};

pub(super) async fn call(mut caller: Caller<'_, Sandbox>, op: u32, ptr: u32, len: u32) -> Result<u64> {
    let op = Call::from_number(op).ok_or_else(|| Error::msg("the guest made a call that there is not"))?;
    memory::charge(&mut caller, len as usize);
    let left = memory::settle(&mut caller).await?;
    // These take no bytes: `ptr` is a number, or nothing.
    match op {
        Call::Cancel => {
            caller.data_mut().operations.cancel(ptr);
            return Ok(0);
        }
        Call::Done => {
            caller.data_mut().ending.done();
            return Ok(0);
        }
        Call::TimeLeft => {
            let sandbox = caller.data_mut();
            let left = sandbox.ending.time_left().as_millis() as u64;
            return sandbox.outside.time_left(left);
        }
        Call::IsOverBudget => return Ok(u64::from(fuel::is_over(left))),
        Call::BodyEnd => {
            caller.data_mut().ending.body_ends(ptr != 0, left);
            return Ok(0);
        }
        _ => {}
    }
    let (bytes, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    Ok(match op {
        Call::Head => memory::fill(bytes, &sandbox.incoming.head),
        Call::Body => memory::fill(bytes, sandbox.incoming.whole_body()),
        Call::Context => memory::fill(bytes, sandbox.incoming.context.as_bytes()),
        Call::Env => memory::fill(bytes, sandbox.incoming.env()),
        Call::Answer => memory::fill(bytes, sandbox.operations.answer()),
        Call::Computed => memory::fill(bytes, sandbox.compute.result()),
        Call::Random => {
            sandbox.outside.random(bytes)?;
            u64::from(len)
        }
        Call::Log => {
            sandbox.console.log(bytes);
            0
        }
        Call::Respond => {
            sandbox.ending.respond(bytes, left);
            0
        }
        Call::Fault => {
            sandbox.ending.report(bytes, &sandbox.limiter, left);
            0
        }
        Call::BackgroundFault => {
            sandbox.ending.report_background(bytes, &sandbox.limiter);
            0
        }
        Call::FetchEnd => {
            sandbox.egress.end(bytes)?;
            0
        }
        Call::Cancel | Call::Done | Call::TimeLeft | Call::BodyEnd | Call::IsOverBudget => 0,
    })
}
