//! The report as a document: a template's prose, with tables and charts in their places.
use std::fmt::Write as _;

use super::{Report, tables};

/// The prose.
const TEMPLATE: &str = include_str!("document/performance.txt");

/// A load average beyond this is other work.
const BUSY: f64 = 0.7;

/// The document; `charts` are the names of files in the folder `performance` beside it.
pub fn document(report: &Report, charts: &[&str]) -> String {
    let tables = tables::all(report);
    let mut text = String::new();
    for line in TEMPLATE.lines() {
        let place = line.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let Some(place) = place else {
            let _ = writeln!(text, "{line}");
            continue;
        };
        match place.split_once(' ') {
            Some(("table", name)) => match tables.iter().find(|table| table.name == name) {
                Some(table) => text.push_str(&markdown(table)),
                None => text.push_str("Not measured in this run.\n"),
            },
            Some(("chart", name)) => {
                for chart in charts.iter().filter(|chart| chart.starts_with(name)) {
                    let _ = writeln!(text, "![{}](performance/{chart})", chart.trim_end_matches(".svg"));
                }
            }
            _ if place == "machine" => text.push_str(&machine(report)),
            _ if place == "ways" => text.push_str(&ways(report)),
            _ if place == "works" => {
                for work in &report.works {
                    let _ = writeln!(text, "- `{}`: {}", work.name, work.about);
                }
            }
            _ => {}
        }
    }
    text
}

fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}, {} processors, {} MiB, {}; commit {}; {}; {} rounds of {} s a measurement; {} s in all.",
        machine.cpu,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        report.commit.as_deref().unwrap_or("unknown"),
        report.started_at,
        report.settings.rounds,
        report.settings.seconds,
        report.took_s,
    );
    if machine.load_before > BUSY {
        let _ = writeln!(
            text,
            "\nOther work ran on the machine (load average {:.1} before the run): the figures are coarse.",
            machine.load_before
        );
    }
    if report.settings.quick {
        text.push_str("\nThis was a quick run: its figures are coarse.\n");
    }
    if !machine.bound {
        text.push_str("\nNothing was bound to a processor: the system cannot, or has one only.\n");
    }
    text
}

fn ways(report: &Report) -> String {
    let mut text = String::from("| way | requests have in common | what | version |\n|---|---|---|---|\n");
    for way in &report.ways {
        let shares = match way.shares.as_str() {
            "fresh" => "nothing",
            "shared" => "heap and globals",
            other => other,
        };
        let _ = writeln!(text, "| {} | {shares} | {} | {} |", way.name, way.about, way.version);
    }
    for absent in &report.absent {
        let _ = writeln!(text, "\nNot there: `{}`: {} ({}).", absent.name, absent.missing, absent.remedy);
    }
    for failure in &report.failures {
        let _ = writeln!(text, "\nFailed: {failure}.");
    }
    text
}

fn markdown(table: &tables::Table) -> String {
    let mut text = format!("| {} |\n", table.head.join(" | "));
    let rule: Vec<&str> =
        (0..table.head.len()).map(|column| if column == 0 { "---" } else { "---:" }).collect();
    let _ = writeln!(text, "|{}|", rule.join("|"));
    for row in &table.rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
