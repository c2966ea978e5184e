//! `Fault` and `CompileError`: the only ways in which an invocation, or a deploy, can fail.

use std::fmt;
use std::time::Duration;

use mayfly_ledger::Shortage;

/// Who caused a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The tenant's code.
    Function,
    /// The caller.
    Caller,
    /// Mayfly.
    Platform,
}

/// What a thrown value looked like from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thrown {
    /// `Name: message`, or the printed value when something else than an `Error` was thrown.
    pub message: String,
    /// The stack, its places mapped to the author's own file; empty where there was none.
    pub stack: String,
    /// `error.code`, where it is a string.
    pub code: Option<String>,
}

/// How an invocation failed, with what was used and what the limit was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The handler threw, or its promise was rejected.
    Threw(Thrown),
    /// The CPU budget ran out. Both in fuel.
    CpuLimit {
        used: u64,
        limit: u64,
        /// What was running; empty where that is not known.
        stack: String,
    },
    /// The memory limit was hit. Both in bytes.
    MemoryLimit {
        used: usize,
        limit: usize,
        /// What was running; empty where that is not known.
        stack: String,
    },
    /// The memory limit was not hit, but what the app, or the node, may hold in all.
    NoMemory(Shortage),
    /// The wall clock ran out.
    TimedOut {
        elapsed: Duration,
        limit: Duration,
        /// What was running, or what waited; empty where that is not known.
        stack: String,
        /// What it waited for; nothing where it was computing.
        waited: Option<Waited>,
    },
    /// The call stack ran out and the `RangeError` was not caught.
    StackOverflow(Thrown),
    /// The handler's promise can never settle: nothing is pending.
    Hung,
    /// The handler returned something else than a `Response`.
    NoResponse {
        /// What came back, in words: "a plain object".
        returned: String,
    },
    /// The response was larger than allowed. Both in bytes.
    OutputLimit { used: usize, limit: usize },
    /// The response has more headers than allowed, or they have more bytes.
    HeadersLimit { headers: usize, bytes: usize },
    /// The function's code made the sandbox trap.
    Trapped {
        /// The kind of trap.
        reason: String,
        /// What was running; empty where that is not known.
        stack: String,
    },
    /// Mayfly's own failure.
    Internal {
        /// For the platform's log, never for a caller.
        reason: String,
    },
}

/// What an invocation waited for when its time was up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// The operation as the author knows it: `ctx.db.query`.
    pub operation: &'static str,
    /// For how long.
    pub elapsed: Duration,
}

impl Fault {
    /// The public code of `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Threw(_) => "FUNCTION_THREW",
            Self::CpuLimit { .. } => "FUNCTION_CPU_LIMIT",
            Self::MemoryLimit { .. } => "FUNCTION_MEMORY_LIMIT",
            Self::NoMemory(Shortage::Account) => "APP_MEMORY_LIMIT",
            Self::NoMemory(Shortage::Node) => "OVERLOADED",
            Self::TimedOut { .. } => "FUNCTION_TIMEOUT",
            Self::StackOverflow(_) => "FUNCTION_STACK_OVERFLOW",
            Self::Hung => "FUNCTION_HUNG",
            Self::NoResponse { .. } => "FUNCTION_NO_RESPONSE",
            Self::OutputLimit { .. } | Self::HeadersLimit { .. } => "FUNCTION_OUTPUT_LIMIT",
            Self::Trapped { .. } => "FUNCTION_TRAPPED",
            Self::Internal { .. } => "INTERNAL_ERROR",
        }
    }

    /// Who caused it.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Threw(_)
            | Self::CpuLimit { .. }
            | Self::MemoryLimit { .. }
            | Self::NoMemory(Shortage::Account)
            | Self::TimedOut { .. }
            | Self::StackOverflow(_)
            | Self::Hung
            | Self::NoResponse { .. }
            | Self::OutputLimit { .. }
            | Self::HeadersLimit { .. }
            | Self::Trapped { .. } => Blame::Function,
            Self::NoMemory(Shortage::Node) | Self::Internal { .. } => Blame::Platform,
        }
    }

    /// What was running: the thrown value's stack, or where a limit was hit. For the record, and for callers who may see it.
    pub fn stack(&self) -> Option<&str> {
        let stack = match self {
            Self::Threw(thrown) | Self::StackOverflow(thrown) => &thrown.stack,
            Self::CpuLimit { stack, .. }
            | Self::MemoryLimit { stack, .. }
            | Self::TimedOut { stack, .. }
            | Self::Trapped { stack, .. } => stack,
            _ => return None,
        };
        (!stack.is_empty()).then_some(stack)
    }

    /// The fault in words, and where the function was when it hit a limit: for those who may see its stack.
    pub fn detailed(&self) -> String {
        let place = self.stack().and_then(|stack| stack.lines().next()).map(str::trim_start);
        match (self, place) {
            (Self::TimedOut { waited: Some(waited), .. }, place) => {
                let place = place.map(|place| format!(", {place}")).unwrap_or_default();
                let elapsed = waited.elapsed.as_millis();
                format!("{self}; it has waited for {} for {elapsed} ms{place}", waited.operation)
            }
            (
                Self::CpuLimit { .. }
                | Self::MemoryLimit { .. }
                | Self::TimedOut { .. }
                | Self::Trapped { .. },
                Some(place),
            ) => format!("{self}; it was {place}"),
            _ => self.to_string(),
        }
    }

    /// The stack, to be mapped or redacted.
    pub fn stack_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Threw(thrown) | Self::StackOverflow(thrown) => Some(&mut thrown.stack),
            Self::CpuLimit { stack, .. }
            | Self::MemoryLimit { stack, .. }
            | Self::TimedOut { stack, .. }
            | Self::Trapped { stack, .. } => Some(stack),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threw(thrown) => write!(f, "the function threw {}", thrown.message),
            Self::CpuLimit { used, limit, .. } => write!(
                f,
                "the function used {} ms of CPU time, its limit is {} ms",
                used / crate::limits::FUEL_PER_CPU_MS,
                limit / crate::limits::FUEL_PER_CPU_MS
            ),
            Self::MemoryLimit { used, limit, .. } => write!(
                f,
                "the function needed more than its {} MiB of memory (it held {} MiB)",
                limit >> 20,
                used >> 20
            ),
            Self::NoMemory(shortage) => f.write_str(shortage.of_memory()),
            Self::TimedOut { elapsed, limit, .. } => write!(
                f,
                "the function ran for {} ms, its limit is {} ms",
                elapsed.as_millis(),
                limit.as_millis()
            ),
            Self::StackOverflow(_) => f.write_str("the function recursed until its call stack was full"),
            Self::Hung => f.write_str(
                "the handler's promise can never settle: it waits for something that nothing will resolve",
            ),
            Self::NoResponse { returned } => {
                write!(f, "the handler must return a Response; it returned {returned}")
            }
            Self::HeadersLimit { headers, bytes } => write!(
                f,
                "the response has {headers} headers of {bytes} bytes, its limit is {} headers of {} bytes",
                crate::limits::RESPONSE_HEADERS_MAX,
                crate::limits::RESPONSE_HEADER_BYTES_MAX
            ),
            Self::OutputLimit { used, limit } => {
                write!(f, "the response body has {used} bytes, the limit is {limit}")
            }
            Self::Trapped { reason, .. } => write!(f, "the function made its sandbox trap ({reason})"),
            Self::Internal { .. } => f.write_str("the sandbox stopped unexpectedly"),
        }
    }
}

impl std::error::Error for Fault {}

/// A place in the author's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlace {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// That line's text, cut to 200 characters.
    pub text: String,
}

/// Why a source cannot be deployed. Always for the author to fix, but for [`CompileError::Internal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompileError {
    /// The source is larger than allowed. Both in bytes.
    TooLarge { used: usize, limit: usize },
    /// It is neither TypeScript nor JavaScript.
    Syntax { message: String, place: Option<SourcePlace> },
    /// It is, but uses something that Mayfly refuses: decorators, imports that are not bundled.
    Unsupported { message: String, place: Option<SourcePlace> },
    /// The bundler's source map that came with it cannot be read.
    SourceMap { message: String },
    /// It exports no handler.
    NoHandler { message: String },
    /// Its top level threw.
    TopLevelThrew { thrown: Thrown, place: Option<SourcePlace> },
    /// Its top level used up its CPU, memory, stack or time budget, or never settled.
    TopLevelLimit { fault: Fault },
    /// Mayfly's own failure.
    Internal { reason: String },
}

impl CompileError {
    /// The place, where one is known.
    pub fn place(&self) -> Option<&SourcePlace> {
        match self {
            Self::Syntax { place, .. }
            | Self::Unsupported { place, .. }
            | Self::TopLevelThrew { place, .. } => place.as_ref(),
            Self::TooLarge { .. }
            | Self::SourceMap { .. }
            | Self::NoHandler { .. }
            | Self::TopLevelLimit { .. }
            | Self::Internal { .. } => None,
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { used, limit } => write!(f, "the code has {used} bytes, the limit is {limit}"),
            Self::Syntax { message, .. }
            | Self::Unsupported { message, .. }
            | Self::NoHandler { message } => f.write_str(message),
            Self::SourceMap { message } => write!(f, "the source map {message}"),
            Self::TopLevelThrew { thrown, .. } => {
                write!(f, "the module's top level threw {}", thrown.message)
            }
            Self::TopLevelLimit { fault } => {
                write!(f, "the module's top level was stopped: {}", fault.detailed())
            }
            Self::Internal { .. } => f.write_str("the code could not be compiled"),
        }?;
        match self.place() {
            Some(place) => write!(f, " (line {}, column {})", place.line, place.column),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CompileError {}
