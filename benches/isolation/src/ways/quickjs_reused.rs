//! One native QuickJS context for all requests: the floor of an interpreter that isolates nothing.
use bytes::Bytes;
use rquickjs::function::Function;
use rquickjs::{Context, Persistent, Runtime};

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way, quickjs};
use crate::failure::{Tried, Trying as _};
use crate::work::Work;

pub(super) const WAY: Way = Way {
    name: "quickjs-reused",
    about: "one native QuickJS context for all requests (rquickjs)",
    shares: Shares::Heap,
    has: &[],
    start: Start::InProcess(make),
};

struct Reused {
    /// A context a work, so that all handlers may have one name. The function is dropped before its context.
    handlers: Vec<(Persistent<Function<'static>>, Context)>,
}

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    let made = || -> rquickjs::Result<Reused> {
        let runtime = Runtime::new()?;
        let mut handlers = Vec::new();
        for work in works {
            let context = Context::full(&runtime)?;
            let handler = context.with(|context| {
                let handler = quickjs::handler(&context, &work.source)?;
                rquickjs::Result::Ok(Persistent::save(&context, handler))
            })?;
            handlers.push((handler, context));
        }
        Ok(Reused { handlers })
    };
    Ok(Box::new(made().trying(|| "evaluate the handlers".to_owned())?))
}

impl Answers for Reused {
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_> {
        let answer = self.handlers.get(work).map(|(handler, context)| {
            let answer = context.with(|context| {
                let handler = handler.clone().restore(&context)?;
                quickjs::call(&context, &handler, &String::from_utf8_lossy(&body))
            });
            answer.map(Bytes::from).map_err(|error| error.to_string())
        });
        Box::pin(std::future::ready(answer.unwrap_or_else(|| Err("no such work".to_owned()))))
    }
}
