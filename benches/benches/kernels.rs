//! How long do functions that compute take interpreted, how long compiled, and how long in node? In turns, the quickest of each.
#![allow(clippy::disallowed_methods, reason = "a bench runs other programs and reads clocks by itself")]

use std::process::Command;
use std::time::{Duration, Instant};

use mayfly_benches::{build, call, engine, executor, invoke};
use mayfly_runtime::{Call, Engine, HotFunctions, Image, Limits};
use tokio::runtime::Runtime;

const SOURCE: &str = include_str!("kernels.js");
const KERNELS: &[(&str, u32)] = &[
    ("fib", 25),
    ("integers", 1_000_000),
    ("mandelbrot", 100),
    ("arrays", 20_000),
    ("properties", 300_000),
    ("closures", 200_000),
    ("sieve", 200_000),
    ("matrix", 60),
    ("objects", 100_000),
    ("strings", 20_000),
    ("callbacks", 50_000),
    ("sorting", 5_000),
];
const ROUNDS: usize = 9;
/// Of these functions only the kernels are compiled: as much as a hot version would have.
const BYTECODE_MAX: usize = 8 << 10;

fn main() {
    let executor = executor();
    let engine = engine(&executor);
    let handler = "export function handler(req) { const asked = new URL(req.url).searchParams; const f = kernels[asked.get('kernel')]; \
                   return new Response(String(f ? f(Number(asked.get('size'))) : '')); }";
    let built = build(&executor, &engine, &format!("{SOURCE}\n{handler}"));
    let interpreted = executor.block_on(engine.load(&built.digest, &built.image)).expect("the image loads");
    let started = Instant::now();
    let hot = HotFunctions { all: true, addresses: Vec::new(), bytecode_max: BYTECODE_MAX };
    let compiled = executor.block_on(engine.compile_hot(&built.image, &hot)).expect("the kernels compile");
    println!(
        "{} functions, {} bytes of bytecode, {} bytes of WebAssembly, compiled in {:.1} ms",
        compiled.functions.len(),
        compiled.bytecode_bytes,
        compiled.code_bytes,
        started.elapsed().as_secs_f64() * 1e3
    );
    for (name, reason) in &compiled.refused {
        println!("  not {name}: {reason}");
    }
    for (what, image) in [("instantiated without code", &interpreted), ("with it", &compiled.image)] {
        println!("  {what}: {:.2} us", instantiated(&engine, image).as_secs_f64() * 1e6);
    }
    println!(
        "\n| kernel | interpreted | compiled | ratio | fuel | node | node --jitless |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let mut logarithms = 0.0;
    for (kernel, size) in KERNELS {
        let (slow, quick) = both(&executor, &engine, &interpreted, &compiled.image, kernel, *size);
        assert_eq!(slow.answer, quick.answer, "{kernel}");
        logarithms += (slow.millis() / quick.millis()).ln();
        let others = [&[][..], &["--jitless"]].map(|flags| node(flags, kernel, *size));
        println!(
            "| {kernel}({size}) | {:.2} ms | {:.2} ms | {:.1} | {:.1} | {} | {} |",
            slow.millis(),
            quick.millis(),
            slow.millis() / quick.millis(),
            slow.fuel as f64 / quick.fuel as f64,
            others[0],
            others[1]
        );
    }
    println!("| geometric mean | | | {:.1} | | | |", (logarithms / KERNELS.len() as f64).exp());
}

struct Measured {
    quickest: Duration,
    fuel: u64,
    answer: Vec<u8>,
}

impl Measured {
    fn millis(&self) -> f64 {
        self.quickest.as_secs_f64() * 1e3
    }
}

fn both(
    executor: &Runtime,
    engine: &Engine,
    interpreted: &Image,
    compiled: &Image,
    kernel: &str,
    size: u32,
) -> (Measured, Measured) {
    let mut measured = [interpreted, compiled]
        .map(|image| (image, Measured { quickest: Duration::MAX, fuel: 0, answer: Vec::new() }));
    for _ in 0..ROUNDS {
        for (image, measured) in &mut measured {
            let mut call = call();
            call.request.url = format!("http://127.0.0.1/?kernel={kernel}&size={size}");
            let limits = Limits { fuel: 1 << 40, timeout: Duration::from_secs(60), ..Limits::default() };
            let call = Call { limits, ..call };
            let started = Instant::now();
            let (response, outcome) = executor.block_on(invoke(engine, image, call));
            measured.quickest = measured.quickest.min(started.elapsed());
            measured.fuel = outcome.usage.fuel;
            let body = response.body.expect("the kernel answers");
            measured.answer = body.whole().expect("a short answer").to_vec();
        }
    }
    let [(_, slow), (_, quick)] = measured;
    (slow, quick)
}

fn instantiated(engine: &Engine, image: &Image) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let started = Instant::now();
        for _ in 0..200 {
            engine.instantiate_only(image).expect("a sandbox is made");
        }
        quickest = quickest.min(started.elapsed() / 200);
    }
    quickest
}

/// The quickest of some turns in one process of node's, or why there is none.
fn node(flags: &[&str], kernel: &str, size: u32) -> String {
    let script = format!(
        "{SOURCE}\nlet quickest = Infinity; for (let i = 0; i < 40; i++) {{ const started = performance.now(); \
         kernels.{kernel}({size}); quickest = Math.min(quickest, performance.now() - started); }} \
         console.log(quickest.toFixed(2) + ' ms');"
    );
    let answer = Command::new("node").args(flags).arg("-e").arg(script).output();
    match answer {
        Ok(answer) if answer.status.success() => String::from_utf8_lossy(&answer.stdout).trim().to_owned(),
        _ => "absent".to_owned(),
    }
}
