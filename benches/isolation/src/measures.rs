//! What is measured: a file each.

pub mod cold;
pub mod deploys;
pub mod limits;
pub mod memory;
pub mod mix;
pub mod neighbour;
pub mod one_shot;
pub mod rates;
pub mod runaway;
pub mod throughput;

use std::io::Write as _;
use std::time::Duration;

use crate::load::Target;
use crate::ways::{Place, Running};
use crate::work::Work;

/// What all measures share.
#[derive(Debug)]
pub struct Bench {
    /// Where programs and files are.
    pub place: Place,
    /// The works that were asked for.
    pub works: Vec<Work>,
    /// The ways that run.
    pub running: Vec<Running>,
    /// Rounds.
    pub rounds: usize,
    /// The time of a measurement.
    pub measured: Duration,
    /// Whether rounds end after a time, since none was asked for.
    pub is_bounded: bool,
    /// Whether figures may be coarse.
    pub quick: bool,
}

impl Bench {
    /// The work of this name, whether or not it was asked for.
    pub fn work(&self, name: &str) -> Option<Work> {
        crate::work::all().into_iter().find(|work| work.name == name)
    }

    /// What a way is sent for a work.
    pub fn target(&self, running: &Running, work: &Work) -> Target {
        Target::new(running.address, running.request(work), &work.answer)
    }

    /// The time before a measurement that does not count.
    pub fn warm(&self) -> Duration {
        self.measured / 5
    }
}

/// Says on stderr what is being done.
pub fn progress(text: &str) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The median; zero of nothing.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A quantile of few values: the nearest one.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a few values"
    )]
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 1.0), 4.0);
        assert_eq!(median(&[]), 0.0);
    }
}
