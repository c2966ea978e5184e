//! Profiles: what a node has seen of the functions of images, and which of them are worth compiling.

use std::collections::{HashMap, HashSet};

use mayfly_runtime::Sample;
use mayfly_store::CompiledFunctions;

/// Images that are followed, at most: the one that was seen last longest ago makes room.
const IMAGES_MAX: usize = 1_024;
/// Functions of one image that are followed, at most.
const FUNCTIONS_MAX: usize = 256;
/// A function is hot that was seen this often, and took this much fuel, 20 ms: what it costs to compile half a kilobyte of bytecode.
const HOT_SAMPLES: u32 = 20;
const HOT_FUEL: u64 = 200_000_000;
/// With it are compiled those that take a fiftieth of what the image takes: what it calls, mostly.
const WARM_SHARE: u64 = 50;
const WARM_SAMPLES: u32 = 4;
/// Functions of one image that are compiled, at most, and how often functions are added to those before.
const COMPILED_MAX: usize = 64;
const GENERATIONS_MAX: u32 = 3;

/// All profiles of a node.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    images: HashMap<Box<str>, Profile>,
    /// Counts up with each that is seen.
    clock: u64,
}

/// What was seen of one image.
#[derive(Debug, Default)]
struct Profile {
    functions: HashMap<u32, Seen>,
    /// What was compiled, or was tried: it is never looked at again.
    tried: HashSet<u32>,
    /// Something of it is being compiled.
    is_busy: bool,
    seen_at: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    count: u32,
    fuel: u64,
}

/// What is to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) generation: u32,
    /// What was compiled before, and then what is new, hottest first.
    pub(super) addresses: Vec<u32>,
}

impl Profiles {
    /// Adds what an invocation was seen in. Answers what is worth compiling now; until [`settled`](Self::settled) says so,
    /// nothing more of this image is.
    pub(super) fn add(
        &mut self,
        image: &str,
        compiled: Option<&CompiledFunctions>,
        samples: &[Sample],
    ) -> Option<Due> {
        self.clock += 1;
        if !self.images.contains_key(image) {
            self.make_room();
            self.images.insert(image.into(), Profile::default());
        }
        let profile = self.images.get_mut(image)?;
        profile.seen_at = self.clock;
        profile.add(samples);
        let due = profile.due(compiled)?;
        profile.is_busy = true;
        Some(due)
    }

    /// What was due has been compiled, or cannot be: it is not due again.
    pub(super) fn settled(&mut self, image: &str, addresses: &[u32]) {
        if let Some(profile) = self.images.get_mut(image) {
            profile.is_busy = false;
            profile.tried.extend(addresses);
        }
    }

    /// What was due was not compiled now: it may be due again once it was seen as much as before.
    pub(super) fn put_off(&mut self, image: &str) {
        if let Some(profile) = self.images.get_mut(image) {
            profile.is_busy = false;
            profile.functions.clear();
        }
    }

    fn make_room(&mut self) {
        if self.images.len() < IMAGES_MAX {
            return;
        }
        let oldest = self.images.iter().filter(|(_, profile)| !profile.is_busy);
        let oldest = oldest.min_by_key(|(_, profile)| profile.seen_at).map(|(image, _)| image.clone());
        if let Some(image) = oldest {
            self.images.remove(&image);
        }
    }
}

impl Profile {
    fn add(&mut self, samples: &[Sample]) {
        for sample in samples {
            if self.functions.len() >= FUNCTIONS_MAX && !self.functions.contains_key(&sample.function) {
                continue;
            }
            let seen = self.functions.entry(sample.function).or_default();
            seen.count = seen.count.saturating_add(sample.count);
            seen.fuel = seen.fuel.saturating_add(sample.fuel);
        }
    }

    fn due(&self, compiled: Option<&CompiledFunctions>) -> Option<Due> {
        let generation = compiled.map_or(0, |compiled| compiled.generation) + 1;
        if self.is_busy || generation > GENERATIONS_MAX {
            return None;
        }
        let before = compiled.map_or(&[][..], |compiled| &compiled.addresses);
        let is_new = |function: &u32| !self.tried.contains(function) && !before.contains(function);
        let mut new: Vec<(u32, Seen)> = self
            .functions
            .iter()
            .filter(|(function, _)| is_new(function))
            .map(|(function, seen)| (*function, *seen))
            .collect();
        if !new.iter().any(|(_, seen)| seen.count >= HOT_SAMPLES && seen.fuel >= HOT_FUEL) {
            return None;
        }
        let all: u64 = self.functions.values().map(|seen| seen.fuel).sum();
        new.retain(|(_, seen)| seen.count >= WARM_SAMPLES && seen.fuel >= all / WARM_SHARE);
        // By address where they are equal: the same profile has one answer.
        new.sort_by_key(|(function, seen)| (std::cmp::Reverse(seen.fuel), *function));
        let new = new.into_iter().map(|(function, _)| function);
        let addresses: Vec<u32> = before.iter().copied().chain(new).take(COMPILED_MAX).collect();
        (addresses.len() > before.len()).then_some(Due { generation, addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(function: u32, count: u32, fuel: u64) -> Sample {
        Sample { function, count, fuel }
    }

    #[test]
    fn a_function_is_hot_from_its_bounds_on() {
        let mut profiles = Profiles::default();
        assert_eq!(profiles.add("a", None, &[sample(8, HOT_SAMPLES - 1, HOT_FUEL)]), None);
        assert_eq!(profiles.add("b", None, &[sample(8, HOT_SAMPLES, HOT_FUEL - 1)]), None);
        // What it calls comes along, hottest first, and what is rare does not.
        let others = [
            sample(16, WARM_SAMPLES, HOT_FUEL / 10),
            sample(24, WARM_SAMPLES - 1, HOT_FUEL / 2),
            sample(32, 1, 0),
        ];
        assert_eq!(profiles.add("a", None, &others), None);
        let due = profiles.add("a", None, &[sample(8, 1, 0)]).unwrap();
        assert_eq!(due, Due { generation: 1, addresses: vec![8, 16] });
        // While it is compiled nothing is due, and afterwards not the same again.
        assert_eq!(profiles.add("a", None, &[sample(8, 1, 0)]), None);
        profiles.settled("a", &due.addresses);
        assert_eq!(profiles.add("a", None, &[sample(8, 1, 0)]), None);
    }

    #[test]
    fn what_becomes_hot_later_is_added_a_few_times() {
        let mut profiles = Profiles::default();
        let hot = |function| [sample(function, HOT_SAMPLES, HOT_FUEL)];
        let mut compiled: Option<CompiledFunctions> = None;
        for generation in 1..=GENERATIONS_MAX {
            let due = profiles.add("a", compiled.as_ref(), &hot(generation)).unwrap();
            assert_eq!((due.generation, due.addresses.len()), (generation, generation as usize));
            profiles.settled("a", &due.addresses);
            compiled =
                Some(CompiledFunctions { digest: String::new(), generation, addresses: due.addresses });
        }
        assert_eq!(profiles.add("a", compiled.as_ref(), &hot(99)), None);
        // As many functions as there may be: no more are added.
        let addresses = (100..100 + COMPILED_MAX as u32).collect();
        let full = CompiledFunctions { digest: String::new(), generation: 1, addresses };
        assert_eq!(profiles.add("b", Some(&full), &hot(7)), None);
    }

    #[test]
    fn what_another_node_has_compiled_is_not_due() {
        let mut profiles = Profiles::default();
        let compiled = CompiledFunctions { digest: String::new(), generation: 1, addresses: vec![8] };
        assert_eq!(profiles.add("a", Some(&compiled), &[sample(8, HOT_SAMPLES, HOT_FUEL)]), None);
    }

    #[test]
    fn what_was_put_off_has_to_be_seen_again() {
        let mut profiles = Profiles::default();
        let hot = [sample(8, HOT_SAMPLES, HOT_FUEL)];
        assert!(profiles.add("a", None, &hot).is_some());
        profiles.put_off("a");
        assert_eq!(profiles.add("a", None, &[sample(8, 1, 1)]), None);
        assert!(profiles.add("a", None, &hot).is_some());
    }

    #[test]
    fn images_and_functions_are_bounded() {
        let mut profiles = Profiles::default();
        assert!(profiles.add("busy", None, &[sample(8, HOT_SAMPLES, HOT_FUEL)]).is_some());
        for image in 0..2 * IMAGES_MAX {
            profiles.add(&image.to_string(), None, &[sample(8, 1, 1)]);
        }
        assert_eq!(profiles.images.len(), IMAGES_MAX);
        assert!(profiles.images.contains_key("busy"));
        let many: Vec<Sample> =
            (0..2 * FUNCTIONS_MAX as u32).map(|function| sample(function, 1, 1)).collect();
        profiles.add("many", None, &many);
        assert_eq!(profiles.images["many"].functions.len(), FUNCTIONS_MAX);
    }
}
