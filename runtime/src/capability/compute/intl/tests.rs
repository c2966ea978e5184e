//! Time zones at the ends of time.

use super::zone::Zone;

#[test]
fn beyond_what_the_database_knows_its_first_and_last_rules_hold() {
    let seconds = |zone: &str, at: i64| Zone::new(zone).unwrap().offset_at(at).unwrap().to_seconds();
    assert_eq!(seconds("Asia/Tokyo", 8_640_000_000_000_000), 9 * 3600);
    assert_eq!(seconds("Asia/Tokyo", -8_640_000_000_000_000), 9 * 3600 + 18 * 60 + 59);
    assert_eq!(seconds("UTC", -8_640_000_000_000_000), 0);
    assert_eq!(seconds("-01:30", 0), -5400);
}
