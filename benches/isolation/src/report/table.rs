//! The report as a table for terminals.
use std::fmt::Write as _;

use super::{Report, tables};

/// The whole report as text.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} cores, {}, {}; commit {}; {} rounds of {} s each{}",
        report.machine.cores,
        report.machine.cpu,
        report.machine.kernel,
        report.commit.as_deref().unwrap_or("unknown"),
        report.settings.rounds,
        report.settings.seconds,
        if report.machine.bound {
            "; servers on one core, the load on the others"
        } else {
            "; nothing is bound"
        },
    );
    for table in tables::all(report) {
        let _ = writeln!(text, "\n{}\n", table.title);
        text.push_str(&aligned(&table.head, &table.rows));
    }
    for advice in report.mix.iter().flat_map(|mix| &mix.advice) {
        let _ = writeln!(text, "\n{advice}");
    }
    for absent in &report.absent {
        let _ = writeln!(text, "absent: {}: {}: {}", absent.name, absent.missing, absent.remedy);
    }
    for failure in &report.failures {
        let _ = writeln!(text, "failed: {failure}");
    }
    text
}

/// Columns as wide as their widest cell, all but the first to the right.
fn aligned(head: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = std::iter::once(head).chain(rows.iter().map(Vec::as_slice));
        cells.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in std::iter::once(head).chain(rows.iter().map(Vec::as_slice)) {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}
