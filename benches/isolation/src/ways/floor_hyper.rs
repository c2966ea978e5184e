//! A bare hyper server, which runs nothing: what HTTP costs.
use bytes::Bytes;

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way};
use crate::failure::Tried;
use crate::work::{Needs, Work};

pub(super) const WAY: Way = Way {
    name: "hyper",
    about: "a bare hyper server that runs nothing",
    shares: Shares::Floor,
    has: &[Needs::Timers, Needs::Database],
    start: Start::InProcess(make),
};

struct Constant(Vec<Bytes>);

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    Ok(Box::new(Constant(works.iter().map(|work| Bytes::from(work.answer.clone())).collect())))
}

impl Answers for Constant {
    fn answer(&self, work: usize, _body: Bytes) -> AnswersFuture<'_> {
        let answer = self.0.get(work).cloned().ok_or_else(|| "no such work".to_owned());
        Box::pin(std::future::ready(answer))
    }
}
