//! Which version a call runs: the one that serves, one that is rolled out beside it, or the one that was asked for.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::Target;

/// The version of a call by this user. The same user gets the same version, as long as its share does not shrink; calls
/// without a user are drawn one by one.
pub(crate) fn choose(target: Arc<Target>, user: Option<&str>) -> Arc<Target> {
    match &target.candidate {
        Some((candidate, percent)) if draw(&candidate.function.version_id, user) < *percent => {
            Arc::clone(candidate)
        }
        _ => target,
    }
}

/// 0 to 99. Each version deals the users out afresh: it is not always the same ones who try what is new.
fn draw(version: &str, user: Option<&str>) -> u32 {
    let mut bytes = [0; 4];
    match user {
        Some(user) => {
            let hash = digest(&SHA256, format!("{version}/{user}").as_bytes());
            bytes.copy_from_slice(&hash.as_ref()[..4]);
        }
        // Without randomness nobody tries anything new.
        None if SystemRandom::new().fill(&mut bytes).is_err() => return 99,
        None => {}
    }
    u32::from_be_bytes(bytes) % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoke::testing::target;

    fn with_candidate(percent: u32) -> Arc<Target> {
        let mut candidate = target("app_0123456789ab");
        candidate.function.version_id = "ver_2".into();
        let mut active = target("app_0123456789ab");
        active.candidate = Some((Arc::new(candidate), percent));
        Arc::new(active)
    }

    #[test]
    fn a_user_sticks_to_a_version_and_the_share_is_right() {
        let chosen = |percent: u32, user: &str| {
            choose(with_candidate(percent), Some(user)).function.version_id.as_ref() == "ver_2"
        };
        let users: Vec<String> = (0..2_000).map(|number| format!("user-{number}")).collect();
        let at = |percent: u32| users.iter().filter(|user| chosen(percent, user)).count();
        assert!((420..580).contains(&at(25)), "{}", at(25));
        assert_eq!((at(0), at(100)), (0, 2_000));
        // Whoever had it at a quarter has it at a half.
        assert!(users.iter().all(|user| !chosen(25, user) || chosen(50, user)));
        assert!(users.iter().all(|user| chosen(25, user) == chosen(25, user)));
        let drawn = (0..2_000)
            .filter(|_| choose(with_candidate(25), None).function.version_id.as_ref() == "ver_2")
            .count();
        assert!((400..600).contains(&drawn), "{drawn}");
    }
}
