//! `mayfly realtime tables`, `enable` and `disable`: which tables' changes sockets can follow.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::EmptyBody;
use mayfly_api::realtime::RealtimeTableInfo;
use mayfly_api::routes::{RealtimeTableDisable, RealtimeTableEnable, RealtimeTablesList};

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn list(remote: &Remote) -> Result<(), Exit> {
    let found = remote.call::<RealtimeTablesList>(&[], &Nothing {}, &EmptyBody).await?;
    found.print(remote, |list| list.tables.iter().for_each(show));
    Ok(())
}

pub(super) async fn enable(remote: &Remote, table: &str) -> Result<(), Exit> {
    let enabled = remote.call::<RealtimeTableEnable>(&[table], &Nothing {}, &EmptyBody).await?;
    enabled.print(remote, show);
    Ok(())
}

pub(super) async fn disable(remote: &Remote, table: &str) -> Result<(), Exit> {
    let left = remote.call::<RealtimeTableDisable>(&[table], &Nothing {}, &EmptyBody).await?;
    left.print(remote, |list| list.tables.iter().for_each(show));
    Ok(())
}

fn show(table: &RealtimeTableInfo) {
    let missing = if table.exists { "" } else { "  there is no such table now" };
    out::data(&format!("{}  since {}{missing}", table.name, table.enabled_at));
}
