//! `mayfly realtime`: a socket in the terminal, and the tables that sockets can follow.

mod connect;
mod tables;

use crate::args::RealtimeVerb;
use crate::exit::Exit;
use crate::remote::Remote;

pub(super) async fn run(remote: &Remote, verb: RealtimeVerb) -> Result<Exit, Exit> {
    match verb {
        RealtimeVerb::Connect(args) => return connect::run(remote, *args).await,
        RealtimeVerb::Tables => tables::list(remote).await?,
        RealtimeVerb::Enable { table } => tables::enable(remote, &table).await?,
        RealtimeVerb::Disable { table } => tables::disable(remote, &table).await?,
    }
    Ok(Exit::Ok)
}
