//! Tables of the closed and the open loop.
use super::Table;
use super::others::{millis, number, texts};
use crate::report::{Cell, Report};

/// Throughput, latency, and latency at a rate.
pub(super) fn all(report: &Report) -> Vec<Table> {
    vec![throughput(report), latency(report), open(report)]
}

/// Works and connections, in the order of measuring.
pub(in crate::report) fn columns(report: &Report) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for cell in &report.closed {
        if !found.iter().any(|(work, at)| *work == cell.work && *at == cell.connections) {
            found.push((cell.work.clone(), cell.connections));
        }
    }
    found
}

fn cell<'a>(report: &'a Report, way: &str, work: &str, at: usize) -> Option<&'a Cell> {
    report.closed.iter().find(|cell| cell.way == way && cell.work == work && cell.connections == at)
}

fn by_column(
    report: &Report,
    name: &'static str,
    title: &str,
    text: impl Fn(&Cell) -> Option<String>,
) -> Table {
    let columns = columns(report);
    let mut head = texts(&["way", ""]);
    head.extend(columns.iter().map(|(work, at)| format!("{work} at {at}")));
    let rows = report.ways.iter().map(|way| {
        let cells = columns.iter().map(|(work, at)| {
            let text = cell(report, &way.name, work, *at).and_then(&text);
            text.unwrap_or_else(|| "-".to_owned())
        });
        [way.name.clone(), way.shares.clone()].into_iter().chain(cells).collect()
    });
    let rows = if columns.is_empty() { Vec::new() } else { rows.collect() };
    Table { name, title: title.to_owned(), head, rows }
}

fn throughput(report: &Report) -> Table {
    let title = "Requests a second on one processor (share of bare hyper's)";
    by_column(report, "throughput", title, |cell| {
        if cell.wrong + cell.failed > 0 {
            return Some(format!("{} failed", cell.wrong + cell.failed));
        }
        let rate = cell.per_second?;
        let share = cell.of_floor.unwrap_or_default();
        let share = if share < 0.1 { format!("{share:.4}") } else { format!("{share:.2}") };
        Some(format!("{} ({share})", number(rate)))
    })
}

fn latency(report: &Report) -> Table {
    let title = "Milliseconds in the closed loop: median/90th/99th/99.9th percentile";
    by_column(report, "latency", title, |cell| {
        let of = cell.latency.filter(|latency| latency.count > 0)?;
        Some([of.p50_us, of.p90_us, of.p99_us, of.p999_us].map(millis).join("/"))
    })
}

fn open(report: &Report) -> Table {
    let rows = report.open.iter().map(|cell| {
        let of = cell.latency;
        let times = [of.p50_us, of.p90_us, of.p99_us, of.p999_us, of.max_us].map(millis);
        let first = [cell.way.clone(), cell.work.clone(), number(cell.rate), format!("{:.2}", cell.share)];
        first.into_iter().chain(times).chain([cell.unanswered.to_string()]).collect()
    });
    Table {
        name: "open",
        title: "Milliseconds at a rate, from the intended start".to_owned(),
        head: texts(&[
            "way",
            "work",
            "a second",
            "of most",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "longest",
            "unanswered",
        ]),
        rows: rows.collect(),
    }
}
