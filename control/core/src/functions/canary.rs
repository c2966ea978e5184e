//! Canary routing: chooses between the version that serves and the canary that is rolled out beside it.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::cached::CachedFunction;

/// The version of a call by this user. A user sticks to a version as long as the canary's share does not shrink; calls
/// without a user are drawn one by one.
pub fn choose_version(function: Arc<CachedFunction>, user: Option<&str>) -> Arc<CachedFunction> {
    match &function.canary {
        Some((canary, percent)) if draw(&canary.function.version_id, user) < *percent => Arc::clone(canary),
        _ => function,
    }
}

/// 0 to 99. The hash takes the version in, so that it is not always the same users who get the canary.
fn draw(version: &str, user: Option<&str>) -> u32 {
    let mut bytes = [0; 4];
    match user {
        Some(user) => {
            let hash = digest(&SHA256, format!("{version}/{user}").as_bytes());
            bytes.copy_from_slice(&hash.as_ref()[..4]);
        }
        // Without randomness the stable version serves.
        None if SystemRandom::new().fill(&mut bytes).is_err() => return 99,
        None => {}
    }
    u32::from_be_bytes(bytes) % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::target;

    fn with_canary(percent: u32) -> Arc<CachedFunction> {
        let mut canary = target("app_0123456789ab");
        canary.function.version_id = "ver_2".into();
        let mut active = target("app_0123456789ab");
        active.canary = Some((Arc::new(canary), percent));
        Arc::new(active)
    }

    #[test]
    fn a_user_sticks_to_a_version_and_the_share_is_right() {
        let chosen = |percent: u32, user: &str| {
            choose_version(with_canary(percent), Some(user)).function.version_id.as_ref() == "ver_2"
        };
        let users: Vec<String> = (0..2_000).map(|number| format!("user-{number}")).collect();
        let at = |percent: u32| users.iter().filter(|user| chosen(percent, user)).count();
        assert!((420..580).contains(&at(25)), "{}", at(25));
        assert_eq!((at(0), at(100)), (0, 2_000));
        // A user who had it at a quarter has it at a half.
        assert!(users.iter().all(|user| !chosen(25, user) || chosen(50, user)));
        assert!(users.iter().all(|user| chosen(25, user) == chosen(25, user)));
        let drawn = (0..2_000)
            .filter(|_| choose_version(with_canary(25), None).function.version_id.as_ref() == "ver_2")
            .count();
        assert!((400..600).contains(&drawn), "{drawn}");
    }
}
