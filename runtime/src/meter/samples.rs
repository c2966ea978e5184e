//! Samples: which function ran each time that the engine asked whether it may go on, and the fuel since it asked before.

/// Functions that one invocation is told of, at most: hot ones are few.
const FUNCTIONS_MAX: usize = 32;
/// What one sample counts at most, in fuel. The engine asks after ten thousand calls and turns of loops, which take a millisecond when
/// they are interpreted; what is far beyond that was spent in the engine's own functions, where compiling changes nothing.
const SAMPLE_FUEL_MAX: u64 = 20_000_000;

/// What an invocation was seen to spend in one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Where the function's bytecode lies in the image.
    pub function: u32,
    /// How often it was seen.
    pub count: u32,
    /// The fuel of these times.
    pub fuel: u64,
}

/// The samples of one invocation.
#[derive(Debug)]
pub(crate) struct Samples {
    seen: Vec<Sample>,
    /// What fuel was left when the engine asked last.
    left: u64,
}

impl Samples {
    /// None yet, with this much fuel left.
    pub(crate) fn new(left: u64) -> Self {
        Self { seen: Vec::new(), left }
    }

    /// The engine asks while this function runs; 0 is none.
    pub(crate) fn take(&mut self, function: u32, left: u64) {
        let fuel = self.left.saturating_sub(left).min(SAMPLE_FUEL_MAX);
        self.left = left;
        if function == 0 {
            return;
        }
        if let Some(sample) = self.seen.iter_mut().find(|sample| sample.function == function) {
            sample.count = sample.count.saturating_add(1);
            sample.fuel += fuel;
        } else if self.seen.len() < FUNCTIONS_MAX {
            self.seen.push(Sample { function, count: 1, fuel });
        }
    }

    /// All of them, each function once.
    pub(crate) fn finish(self) -> Vec<Sample> {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_apart_and_are_bounded() {
        let mut samples = Samples::new(1_000_000_000);
        samples.take(8, 999_000_000);
        samples.take(16, 998_500_000);
        samples.take(8, 998_400_000);
        samples.take(0, 998_000_000);
        // All but a millisecond or two of this was no interpreter's.
        samples.take(16, 500_000_000);
        let mut expected = vec![
            Sample { function: 8, count: 2, fuel: 1_100_000 },
            Sample { function: 16, count: 2, fuel: 500_000 + SAMPLE_FUEL_MAX },
        ];
        for function in 100..100 + FUNCTIONS_MAX as u32 {
            samples.take(function, 500_000_000);
        }
        let seen = samples.finish();
        assert_eq!(seen.len(), FUNCTIONS_MAX);
        expected.extend((100..100 + FUNCTIONS_MAX as u32 - 2).map(|function| Sample {
            function,
            count: 1,
            fuel: 0,
        }));
        assert_eq!(seen, expected);
    }
}
