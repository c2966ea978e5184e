//! The compile worker: hostile source is parsed in a process of its own. A parser recurses as deep as its input is nested, and one
//! that runs off its stack takes its process with it; here that is a compile error, not an outage.

mod confine;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mayfly_abi::frame::{Malformed, Reader, Writer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

use super::source::{JavaScript, SOURCE_BYTES_MAX, ScriptSource, Source};
use super::typescript;
use crate::error::{CompileError, SourcePlace};

// Deep enough for what people and bundlers write; what overflows it ends the worker.
const STACK_BYTES: usize = 256 << 20;
const TIMEOUT: Duration = Duration::from_secs(10);
// The code, and the map to the author's files with their texts.
const FRAME_BYTES_MAX: usize = 64 << 20;
// Workers at once: compiling is one processor's work for some hundred microseconds.
const WORKERS_MAX: usize = 4;

/// Compiles sources to JavaScript, here or in a worker.
#[derive(Debug)]
pub(crate) struct Compiler {
    command: Option<Vec<OsString>>,
    // Warm and idle: starting one costs more than most sources do.
    idle: Mutex<Vec<Worker>>,
    // A worker is a process: those who come together wait for one another.
    room: Semaphore,
}

/// What is to become JavaScript.
#[derive(Debug, Clone)]
pub(crate) enum Uncompiled<'a> {
    /// A function.
    Function(&'a Source),
    /// Code that runs once.
    Script(&'a ScriptSource),
}

impl Compiler {
    pub(crate) fn new(command: Option<Vec<OsString>>) -> Self {
        Self {
            command: command.filter(|command| !command.is_empty()),
            idle: Mutex::default(),
            room: Semaphore::new(WORKERS_MAX),
        }
    }

    pub(crate) async fn to_javascript(&self, source: Uncompiled<'_>) -> Result<JavaScript, CompileError> {
        match &self.command {
            None => in_process(source).await,
            Some(command) => self.in_worker(command, source).await,
        }
    }

    async fn in_worker(
        &self,
        command: &[OsString],
        source: Uncompiled<'_>,
    ) -> Result<JavaScript, CompileError> {
        let _room = self.room.acquire().await.map_err(internal)?;
        let idle = self.idle().pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => Worker::start(command).map_err(internal)?,
        };
        match tokio::time::timeout(TIMEOUT, worker.ask(&request(&source))).await {
            Ok(Ok(answer)) => {
                self.idle().push(worker);
                read_answer(&answer)
                    .unwrap_or_else(|Malformed| Err(internal("the compile worker's answer is malformed")))
            }
            // Dropping the worker ends it.
            Ok(Err(_)) => Err(too_much("it is nested too deep, or takes too much memory")),
            Err(_) => Err(too_much("it takes too long")),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn internal(reason: impl std::fmt::Display) -> CompileError {
    CompileError::Internal { reason: reason.to_string() }
}

fn too_much(why: &str) -> CompileError {
    CompileError::Unsupported { message: format!("the code cannot be compiled: {why}"), place: None }
}

async fn in_process(source: Uncompiled<'_>) -> Result<JavaScript, CompileError> {
    let request = request(&source);
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("compile".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // The caller may have been dropped.
            let _ = send.send(compiled(&request));
        })
        .map_err(internal)?;
    receive.await.unwrap_or_else(|_| Err(internal("the compiler panicked")))
}

/// A process that runs [`compile_worker`]. It ends when this is dropped.
#[derive(Debug)]
struct Worker {
    stdin: ChildStdin,
    stdout: ChildStdout,
    _child: Child,
}

impl Worker {
    fn start(command: &[OsString]) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or_else(|| io::Error::other("no command"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            // A program whose allocator is mimalloc reserves a gibibyte ahead, which counts against the worker's limit.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        Ok(Self { stdin, stdout, _child: child })
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stdin.write_u32_le(request.len() as u32).await?;
        self.stdin.write_all(request).await?;
        self.stdin.flush().await?;
        let length = self.stdout.read_u32_le().await? as usize;
        if length > FRAME_BYTES_MAX {
            return Err(io::Error::other("the answer is too large"));
        }
        let mut answer = vec![0; length];
        self.stdout.read_exact(&mut answer).await?;
        Ok(answer)
    }
}

/// The worker's side: reads sources from standard input and answers on standard output, until that is closed. Call it
/// from a program that [`crate::EngineConfig::compile_worker`] names, before anything else.
pub fn compile_worker() -> io::Result<()> {
    confine::confine()?;
    let worker =
        std::thread::Builder::new().name("compile".to_owned()).stack_size(STACK_BYTES).spawn(serve)?;
    worker.join().unwrap_or_else(|_| Err(io::Error::other("the compiler panicked")))
}

fn serve() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let mut length = [0; 4];
    while stdin.read_exact(&mut length).is_ok() {
        let length = u32::from_le_bytes(length) as usize;
        if length > SOURCE_BYTES_MAX + FRAME_BYTES_MAX {
            return Err(io::Error::other("the source is too large"));
        }
        let mut request = vec![0; length];
        stdin.read_exact(&mut request)?;
        confine::allow_one_source();
        let answer = answer(&request);
        stdout.write_all(&(answer.len() as u32).to_le_bytes())?;
        stdout.write_all(&answer)?;
        stdout.flush()?;
    }
    Ok(())
}

fn request(uncompiled: &Uncompiled<'_>) -> Vec<u8> {
    let (source, is_script) = match uncompiled {
        Uncompiled::Function(source) => (*source, false),
        Uncompiled::Script(script) => (&script.0, true),
    };
    let mut writer = Writer::with_capacity(64 + source.code.len());
    writer.text(&source.file_name);
    writer.text(&source.code);
    writer.optional_text(source.source_map.as_deref());
    writer.u8(u8::from(is_script));
    writer.finish()
}

fn answer(request: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(1024);
    match compiled(request) {
        Ok(script) => {
            writer.u8(0);
            writer.text(&script.code);
            writer.text(&script.source_map);
            writer.u8(u8::from(script.imports_node));
        }
        Err(CompileError::Syntax { message, place }) => write_error(&mut writer, 1, &message, place),
        Err(CompileError::Unsupported { message, place }) => write_error(&mut writer, 2, &message, place),
        Err(CompileError::SourceMap { message }) => write_error(&mut writer, 4, &message, None),
        Err(other) => write_error(&mut writer, 3, &other.to_string(), None),
    }
    writer.finish()
}

fn compiled(request: &[u8]) -> Result<JavaScript, CompileError> {
    match read_request(&mut Reader::new(request)) {
        Ok((source, false)) => typescript::to_javascript(&source),
        Ok((source, true)) => typescript::script_to_javascript(&ScriptSource(source)),
        Err(Malformed) => Err(internal("the request is malformed")),
    }
}

/// The source, and whether it is code that runs once.
fn read_request(reader: &mut Reader<'_>) -> Result<(Source, bool), Malformed> {
    let source = Source {
        file_name: reader.text()?.to_owned(),
        code: reader.text()?.to_owned(),
        source_map: reader.optional_text()?.map(str::to_owned),
    };
    Ok((source, reader.u8()? == 1))
}

fn write_error(writer: &mut Writer, kind: u8, message: &str, place: Option<SourcePlace>) {
    writer.u8(kind);
    writer.text(message);
    let place = place.unwrap_or(SourcePlace { line: 0, column: 0, text: String::new() });
    writer.u32(place.line);
    writer.u32(place.column);
    writer.text(&place.text);
}

fn read_answer(answer: &[u8]) -> Result<Result<JavaScript, CompileError>, Malformed> {
    let mut reader = Reader::new(answer);
    let kind = reader.u8()?;
    let first = reader.text()?.to_owned();
    if kind == 0 {
        let source_map = reader.text()?.to_owned();
        return Ok(Ok(JavaScript { code: first, source_map, imports_node: reader.u8()? != 0 }));
    }
    let (line, column, text) = (reader.u32()?, reader.u32()?, reader.text()?.to_owned());
    let place = (line > 0).then_some(SourcePlace { line, column, text });
    Ok(Err(match kind {
        1 => CompileError::Syntax { message: first, place },
        2 => CompileError::Unsupported { message: first, place },
        4 => CompileError::SourceMap { message: first },
        _ => CompileError::Internal { reason: first },
    }))
}
