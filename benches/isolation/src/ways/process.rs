//! A process for each request: this program, with a native QuickJS, started by a bare hyper server.
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way, quickjs};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::work::Work;

pub(super) const WAY: Way = Way {
    name: "process",
    about: "a process for each request, with a native QuickJS",
    shares: Shares::Nothing,
    has: &[],
    start: Start::InProcess(make),
};

struct Processes {
    program: PathBuf,
    names: Vec<&'static str>,
}

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    let program = std::env::current_exe().trying(|| "find this program".to_owned())?;
    Ok(Box::new(Processes { program, names: works.iter().map(|work| work.name).collect() }))
}

impl Answers for Processes {
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_> {
        Box::pin(async move {
            let name = self.names.get(work).ok_or("no such work")?;
            let mut command = Command::new(&self.program);
            command.args(["once", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn().map_err(|error| error.to_string())?;
            let mut stdin = child.stdin.take().ok_or("no stdin")?;
            // Both at once: a large answer must not wait for the end of a large request.
            let write = async move { stdin.write_all(&body).await };
            let (written, output) = futures_util::future::join(write, child.wait_with_output()).await;
            written.map_err(|error| error.to_string())?;
            let output = output.map_err(|error| error.to_string())?;
            if !output.status.success() {
                return Err(format!("the process ended with {}", output.status));
            }
            Ok(Bytes::from(output.stdout))
        })
    }
}

/// Runs one work on stdin and stdout: what the processes of this way do.
pub fn once(name: &str, works: &[Work]) -> Tried<()> {
    let tried = || format!("run {name} once");
    let work = works.iter().find(|work| work.name == name);
    let work = work.ok_or_else(|| BenchError::new(tried(), "there is no such work"))?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).trying(tried)?;
    let answer = quickjs::fresh(&work.source, &body).trying(tried)?;
    std::io::stdout().write_all(answer.as_bytes()).trying(tried)
}
