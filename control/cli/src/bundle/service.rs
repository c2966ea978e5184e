//! One esbuild a process, which is asked over its standard input and answers on its standard output.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::packet::{Packet, Said, read_bytes};

static RUNNING: Mutex<Option<Service>> = Mutex::new(None);

/// What becomes of a question that esbuild asks.
pub(super) enum Reply {
    Answer(Said),
    /// Esbuild is to be asked first; [`Questions::continued`] gets what it says.
    Ask(Said),
}

/// Answers what esbuild asks while it bundles.
pub(super) trait Questions {
    fn asked(&mut self, question: &Said) -> Reply;
    /// The answer to `question`, now that esbuild has answered what it was asked for that.
    fn continued(&mut self, question: &Said, answer: &Said) -> Said;
}

/// A running esbuild.
struct Service {
    program: PathBuf,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    asked: u32,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks the esbuild of this process, which is started where there is none.
pub(super) fn ask(
    (program, version): (&Path, &str),
    request: &Said,
    questions: &mut dyn Questions,
) -> Result<Said, String> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if running.as_ref().is_none_or(|service| service.program != program) {
        *running = Some(Service::start(program, version)?);
    }
    let Some(service) = running.as_mut() else { return Err("esbuild does not run".to_owned()) };
    let answer = service.ask(request, questions);
    if answer.is_err() {
        // The next one gets another.
        *running = None;
    }
    answer.map_err(|error| format!("esbuild has ended: {error}"))
}

impl Service {
    fn start(program: &Path, version: &str) -> Result<Self, String> {
        let failed = |what: &str| format!("{} cannot be run: {what}", program.display());
        let mut child = Command::new(program)
            .arg(format!("--service={version}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes"));
        };
        let mut service = Self { program: program.to_owned(), child, stdin, stdout, asked: 0 };
        let said = read_bytes(&mut service.stdout).map_err(|error| failed(&error.to_string()))?;
        if said != version.as_bytes() {
            return Err(failed("it is another version than it says"));
        }
        Ok(service)
    }

    fn ask(&mut self, request: &Said, questions: &mut dyn Questions) -> std::io::Result<Said> {
        let wanted = self.send(request)?;
        // By the number of what esbuild was asked for it: the number of its question, and the question.
        let mut waiting: HashMap<u32, (u32, Said)> = HashMap::new();
        loop {
            let packet = Packet::read(&mut self.stdout)?;
            if packet.is_response && packet.number == wanted {
                return Ok(packet.said);
            }
            if packet.is_response {
                if let Some((number, question)) = waiting.remove(&packet.number) {
                    let said = questions.continued(&question, &packet.said);
                    self.answer(number, said)?;
                }
                continue;
            }
            match questions.asked(&packet.said) {
                Reply::Answer(said) => self.answer(packet.number, said)?,
                Reply::Ask(request) => {
                    let number = self.send(&request)?;
                    waiting.insert(number, (packet.number, packet.said));
                }
            }
        }
    }

    fn send(&mut self, request: &Said) -> std::io::Result<u32> {
        self.asked += 1;
        let packet = Packet { number: self.asked, is_response: false, said: request.clone() };
        packet.write(&mut self.stdin)?;
        Ok(self.asked)
    }

    fn answer(&mut self, number: u32, said: Said) -> std::io::Result<()> {
        Packet { number, is_response: true, said }.write(&mut self.stdin)
    }
}
