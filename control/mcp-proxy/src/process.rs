//! An upstream that is a program: a message a line, on its stdin and stdout. Lines are bounded, and each has to be a message.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::fault::UpstreamFault;

/// For how long a program may go on when its stdin has ended.
const EXIT: Duration = Duration::from_secs(2);
/// Begins the names of variables that are ours, and no upstream's: keys, the address of a database.
const OURS: &str = "MAYFLY_";

/// A running program.
#[derive(Debug)]
pub(crate) struct ProcessTransport {
    child: Child,
    lines: BufReader<ChildStdout>,
    line: Vec<u8>,
    line_max: usize,
    input: Arc<Mutex<Option<ChildStdin>>>,
    fault: UpstreamFault,
}

impl ProcessTransport {
    /// Start a program. What it says on stderr goes to ours.
    pub(crate) fn start(command: &[String], line_max: usize, fault: UpstreamFault) -> io::Result<Self> {
        let (program, arguments) =
            command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(OURS.as_bytes()) {
                command.env_remove(name);
            }
        }
        // Programs such as npx start others: they end together.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let missing = || io::Error::other("it has no pipes");
        let lines = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let input = Arc::new(Mutex::new(Some(child.stdin.take().ok_or_else(missing)?)));
        Ok(Self { child, lines, line: Vec::new(), line_max, input, fault })
    }

    /// The next line, without its end; `None`: there is none, and why is known.
    async fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            // Nothing is lost where this is dropped while it waits: bytes are taken only after they are here.
            let available = match self.lines.fill_buf().await {
                Ok([]) => {
                    let how = self.child.try_wait().ok().flatten().map(|status| format!(" ({status})"));
                    self.fault.set(format!("the program ended{}", how.unwrap_or_default()));
                    return None;
                }
                Ok(available) => available,
                Err(error) => {
                    self.fault.set(format!("the program cannot be read: {error}"));
                    return None;
                }
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            if self.line.len() + taken > self.line_max {
                self.fault.set(format!("the program sent a message of more than {} bytes", self.line_max));
                return None;
            }
            self.line.extend_from_slice(&available[..taken]);
            self.lines.consume(taken);
            if end.is_some() {
                return Some(std::mem::take(&mut self.line));
            }
        }
    }

    /// Ask everything that the program started to end.
    fn terminate(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            // They may have ended by themselves.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        drop(self.child.start_kill());
    }
}

impl Drop for ProcessTransport {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl Transport<RoleClient> for ProcessTransport {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let input = Arc::clone(&self.input);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut input = input.lock().await;
            let input = input.as_mut().ok_or_else(|| io::Error::other("the program's stdin is closed"))?;
            input.write_all(&line).await?;
            input.flush().await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let line = self.next_line().await?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            // The parser bounds how deep a message is nested.
            match serde_json::from_slice(&line) {
                Ok(message) => return Some(message),
                Err(error) => {
                    self.fault.set(format!("the program sent what is no message: {error}"));
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.input.lock().await.take();
        if tokio::time::timeout(EXIT, self.child.wait()).await.is_err() {
            self.terminate();
        }
        Ok(())
    }
}
