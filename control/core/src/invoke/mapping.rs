//! The places that a function's failures and its console speak of, as places in the author's own file.

use mayfly_runtime::{Background, Fault, Outcome, SourceMap};

use super::{CompiledScript, Invoker, fault, redaction};
use crate::functions::CachedFunction;
use mayfly_api::error::ApiError;

impl Invoker {
    /// The error that the caller of a failed function receives.
    pub(super) async fn explain(
        &self,
        function: &CachedFunction,
        script: Option<&CompiledScript>,
        mut fault: Fault,
    ) -> ApiError {
        redaction::fault(function.mask(), &mut fault);
        self.map_texts(function, script, texts_of(&mut fault)).await;
        let stack = fault.stack().map(str::to_owned);
        fault::to_error(fault).with_stack(stack)
    }

    /// Everything of an outcome that its record will hold.
    pub(super) async fn map_outcome(
        &self,
        function: &CachedFunction,
        script: Option<&CompiledScript>,
        outcome: &mut Outcome,
    ) {
        let background = outcome.background.iter_mut().flat_map(Background::faults_mut);
        let faults = outcome.fault.as_mut().into_iter().chain(background).flat_map(texts_of);
        let messages = outcome.logs.iter_mut().map(|entry| &mut entry.message);
        self.map_texts(function, script, faults.chain(messages)).await;
    }

    /// Texts with stacks in them. Where the map cannot be had, they stay as they are.
    async fn map_texts(
        &self,
        function: &CachedFunction,
        script: Option<&CompiledScript>,
        texts: impl Iterator<Item = &mut String>,
    ) {
        for text in texts.filter(|text| SourceMap::has_places(text)) {
            let map = match script {
                Some(script) => script.map(),
                None => function.source_map(&self.shared.parts.records.store).await,
            };
            let Some(map) = map else { return };
            *text = map.map_stack(text);
        }
    }
}

/// A stack, and the message where what was thrown is not an error, but holds one.
fn texts_of(fault: &mut Fault) -> impl Iterator<Item = &mut String> {
    let (message, stack) = match fault {
        Fault::Threw(thrown) | Fault::StackOverflow(thrown) => {
            (Some(&mut thrown.message), Some(&mut thrown.stack))
        }
        Fault::CpuLimit { stack, .. } | Fault::MemoryLimit { stack, .. } => (None, Some(stack)),
        _ => (None, None),
    };
    message.into_iter().chain(stack)
}
