//! `mayfly.compute`: a computation that the guest waits for, and what it is charged.
//!
//! What takes longer than a guest may hold its thread goes to the pool of threads that may block, and the guest's fiber
//! waits.

use std::sync::Arc;

use wasmtime::{Caller, Error, Result};
use zeroize::Zeroizing;

use super::memory;
use crate::capability::compute;
use crate::sandbox::Sandbox;

/// What a guest that waits for it may ask of the thread that it runs on: two milliseconds.
const INLINE_FUEL_MAX: u64 = 20_000_000;

/// Computes something while the guest waits. The status, and the length of the result.
pub(super) async fn compute(mut caller: Caller<'_, Sandbox>, ptr: u32, len: u32) -> Result<u64> {
    memory::charge(&mut caller, len as usize);
    let (frame, _) = memory::borrow(&mut caller, ptr, len)?;
    let price = compute::price_of(frame);
    if !pay(&mut caller, price)? {
        memory::collect_debt(&mut caller).await?;
        return Ok(0);
    }
    if price > INLINE_FUEL_MAX && compute::is_stateless(memory::borrow(&mut caller, ptr, len)?.0) {
        let app = Arc::clone(caller.data().limiter.account().name());
        let frame = Zeroizing::new(memory::borrow(&mut caller, ptr, len)?.0.to_vec());
        let computed =
            compute::run_apart(&app, frame).await.map_err(|failed| Error::msg(failed.to_string()))?;
        return Ok(caller.data_mut().compute.keep(computed));
    }
    let (frame, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    let (answer, afterwards) = sandbox.compute.run(frame);
    pay(&mut caller, afterwards)?;
    memory::collect_debt(&mut caller).await?;
    Ok(answer)
}

/// Takes the price of something; `false`, and all of the fuel, where that is too little: the guest ends at its next
/// instruction.
pub(super) fn pay(caller: &mut Caller<'_, Sandbox>, price: u64) -> Result<bool> {
    let left = caller.get_fuel()?.saturating_sub(caller.data().meter.debt);
    caller.data_mut().meter.debt += price;
    Ok(left > price)
}
