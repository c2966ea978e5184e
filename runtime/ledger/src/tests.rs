//! Whatever is taken and given back, in any order, no bound is passed and nothing stays behind.

use proptest::prelude::*;

use super::*;

#[test]
fn an_account_holds_at_most_half() {
    let ledger = Ledger::new(1_000);
    let app = ledger.account("a");
    let half = app.take(500).unwrap();
    assert_eq!(app.take(1).unwrap_err(), Shortage::Account);
    assert_eq!((ledger.held(), app.held(), ledger.refused()), (500, 500, 1));
    drop(half);
    assert_eq!((ledger.held(), app.held()), (0, 0));
    assert!(app.take(500).is_ok());
}

#[test]
fn the_last_quarter_is_for_those_that_hold_little() {
    let ledger = Ledger::new(1_600);
    let (a, b, c) = (ledger.account("a"), ledger.account("b"), ledger.account("c"));
    let _a = a.take(800).unwrap();
    let _b = b.take(400).unwrap();
    assert_eq!(b.take(1).unwrap_err(), Shortage::Account, "it holds more than a sixteenth");
    let _c = c.take(100).unwrap();
    assert_eq!(c.take(1).unwrap_err(), Shortage::Account);
    let others: Vec<_> = (0..3).map(|app| ledger.account(&format!("o{app}")).take(100).unwrap()).collect();
    assert_eq!(ledger.account("last").take(1).unwrap_err(), Shortage::Node);
    drop(others);
    assert!(ledger.account("last").take(1).is_ok());
}

#[test]
fn accounts_are_the_same_by_name_and_forgotten_when_empty() {
    let ledger = Ledger::new(1_000_000);
    let held = ledger.account("kept").take(7).unwrap();
    for app in 0..ACCOUNTS_MAX + 10 {
        let _ = ledger.account(&format!("app{app}"));
    }
    assert_eq!(ledger.account("kept").held(), 7);
    assert!(ledger.accounts.lock().unwrap().len() <= ACCOUNTS_MAX);
    drop(held);
    assert_eq!(ledger.account("kept").held(), 0);
}

#[test]
fn counted_bytes_give_back_with_their_last_reference() {
    let ledger = Ledger::new(100);
    let app = ledger.account("a");
    let bytes = held_bytes("hello".as_bytes().to_vec(), app.take(5).unwrap());
    let slice = bytes.slice(1..2);
    drop(bytes);
    assert_eq!((ledger.held(), &slice[..]), (5, &b"e"[..]));
    drop(slice);
    assert_eq!(ledger.held(), 0);
}

#[test]
fn what_belongs_to_no_app_is_not_counted() {
    let mut held = Account::default().take(usize::MAX >> 1).unwrap();
    held.shrink(5);
    assert_eq!(Account::default().held(), 0);
}

proptest! {
    #[test]
    fn no_bound_is_passed_and_nothing_stays(
        steps in prop::collection::vec((0_usize..6, 0_usize..400, any::<bool>()), 1..200),
    ) {
        let ledger = Ledger::new(1_000);
        let mut held: Vec<(usize, Held)> = Vec::new();
        for (app, bytes, takes) in steps {
            if takes {
                if let Ok(taken) = ledger.account(&app.to_string()).take(bytes) {
                    held.push((app, taken));
                }
            } else if !held.is_empty() {
                let place = bytes % held.len();
                held[place].1.shrink(bytes / 2);
                held.swap_remove(place);
            }
            let total: u64 = held.iter().map(|(_, held)| held.amount()).sum();
            prop_assert_eq!(ledger.held(), total);
            prop_assert!(total <= 1_000);
            for app in 0..6 {
                let of: u64 = held.iter().filter(|(of, _)| *of == app).map(|(_, held)| held.amount()).sum();
                prop_assert!(of <= 500);
                prop_assert_eq!(ledger.account(&app.to_string()).held(), of);
            }
        }
        drop(held);
        prop_assert_eq!(ledger.held(), 0);
    }
}
