//! Tables of everything beside throughput, and how numbers are written.
use super::Table;
use crate::report::Report;

/// All of them.
pub(super) fn all(report: &Report) -> Vec<Table> {
    vec![
        neighbours(report),
        cold(report),
        deploys(report),
        one_shots(report),
        runaways(report),
        memory(report),
        limits(report),
        mix(report),
    ]
}

/// Owned texts.
pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A number with separators, with digits where it is small.
pub(in crate::report) fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds as milliseconds.
pub(super) fn millis(us: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "at most a minute")]
    number(us as f64 / 1e3)
}

fn table(name: &'static str, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    Table { name, title: title.to_owned(), head: texts(head), rows: rows.collect() }
}

fn neighbours(report: &Report) -> Table {
    let rows = report.neighbours.iter().map(|one| {
        let (alone, beside) = (one.alone, one.beside);
        #[allow(clippy::cast_precision_loss, reason = "at most a minute")]
        let times = beside.p99_us as f64 / alone.p99_us.max(1) as f64;
        let [a, b, c, d] = [alone.p50_us, alone.p99_us, beside.p50_us, beside.p99_us].map(millis);
        vec![one.way.clone(), a, b, c, d, format!("{times:.1}x")]
    });
    let title = "Milliseconds of hello, alone and beside 16 others that run the integer loop";
    let head = ["way", "alone p50", "alone p99", "beside p50", "beside p99", "p99 grows"];
    table("neighbours", title, &head, rows)
}

fn cold(report: &Report) -> Table {
    let rows = report.cold_starts.iter().map(|one| vec![one.way.clone(), number(one.first_answer_ms)]);
    table("cold", "Milliseconds from a server's start to its first answer", &["way", "ms"], rows)
}

fn deploys(report: &Report) -> Table {
    let rows = report.deploys.iter().map(|one| {
        let [deploy, first, p99] = [one.deploy_ms, one.first_call_ms, one.first_call_p99_ms].map(number);
        vec![one.way.clone(), deploy, first, p99, one.about.clone()]
    });
    let head = ["way", "deploy", "first call", "first call p99", "what"];
    table("deploys", "Milliseconds of new code: its deploy, and its first call", &head, rows)
}

fn one_shots(report: &Report) -> Table {
    let rows = report.one_shots.iter().map(|one| vec![one.way.clone(), number(one.ms)]);
    table("one-shots", "Milliseconds of code that runs once", &["by", "ms"], rows)
}

fn runaways(report: &Report) -> Table {
    let rows = report.runaways.iter().map(|one| {
        let times = format!("{:.2}x", one.dead_ms / one.limit_ms);
        vec![one.about.clone(), number(one.limit_ms), number(one.dead_ms), times, one.code.clone()]
    });
    let head = ["runaway", "limit", "answered after", "of limit", "code"];
    table("runaways", "Milliseconds until a runaway is dead", &head, rows)
}

fn memory(report: &Report) -> Table {
    let rows = report.memory.iter().map(|one| {
        let idle = one.idle_kib.map_or_else(|| "-".to_owned(), number);
        vec![one.way.clone(), one.tenants.to_string(), idle, number(one.active_kib), one.about.clone()]
    });
    let head = ["way", "tenants", "never ran", "has run", "a tenant is"];
    table("memory", "KiB of memory a tenant (Pss)", &head, rows)
}

fn limits(report: &Report) -> Table {
    let rows = report
        .limits
        .iter()
        .map(|one| vec![one.work.clone(), one.limit.clone(), number(one.us), format!("{:.2}x", one.of_none)]);
    table(
        "limits",
        "Microseconds of an invocation in process with one limit (wasmtime, Javy's static module)",
        &["work", "limit", "us", "of none"],
        rows,
    )
}

fn mix(report: &Report) -> Table {
    let Some(mix) = &report.mix else { return table("mix", "", &[], std::iter::empty()) };
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows: Vec<Vec<String>> = mix
        .parts
        .iter()
        .map(|part| row(&format!("share of {}", part.name), part.share.to_string()))
        .collect();
    rows.extend([
        row("requests a second on one processor", number(mix.per_second)),
        row("p99 at that load, ms", millis(mix.saturated.p99_us)),
        row("requests a second that are expected", number(mix.rate)),
        row("p50 at that rate, ms", millis(mix.at_rate.p50_us)),
        row("p99 at that rate, ms", millis(mix.at_rate.p99_us)),
        row("p99.9 at that rate, ms", millis(mix.at_rate.p999_us)),
        row("no success, or no answer", mix.unanswered.to_string()),
        row("memory of the server, MiB", number(mix.memory_mib)),
    ]);
    table("mix", "The mix", &["of the mix", "measured"], rows.into_iter())
}
