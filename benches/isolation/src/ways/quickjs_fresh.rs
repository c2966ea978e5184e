//! A fresh native QuickJS runtime and context for each request.
use bytes::Bytes;

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way, quickjs};
use crate::failure::Tried;
use crate::work::Work;

pub(super) const WAY: Way = Way {
    name: "quickjs-fresh",
    about: "a fresh native QuickJS runtime for each request (rquickjs)",
    shares: Shares::Nothing,
    has: &[],
    start: Start::InProcess(make),
};

struct Fresh(Vec<String>);

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    Ok(Box::new(Fresh(works.iter().map(|work| work.source.clone()).collect())))
}

impl Answers for Fresh {
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_> {
        let answer = self.0.get(work).map(|source| quickjs::fresh(source, &body));
        let answer = answer.unwrap_or_else(|| Err("no such work".to_owned()));
        Box::pin(std::future::ready(answer.map(Bytes::from)))
    }
}
