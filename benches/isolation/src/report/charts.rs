//! Charts of a report, as SVG: bars on a logarithmic scale, since ways differ by factors of a thousand.
use plotters::prelude::*;

use super::{Report, tables};
use crate::failure::{Tried, Trying as _};

/// Pixels.
const WIDTH: u32 = 900;
const BAR: u32 = 26;
const MARGIN: u32 = 90;

/// A bar: its label, its class, its value.
struct Bar {
    label: String,
    shares: String,
    value: f64,
}

/// File names and their SVG.
pub fn charts(report: &Report) -> Tried<Vec<(String, String)>> {
    let mut charts = Vec::new();
    for (work, at) in tables::columns(report).into_iter().filter(|(_, at)| *at == 16) {
        let cells = report.closed.iter().filter(|cell| cell.work == work && cell.connections == at);
        let bars = cells.filter_map(|cell| bar(report, &cell.way, cell.per_second?)).collect();
        add(
            &mut charts,
            &format!("throughput-{work}"),
            &format!("{work}: requests a second on one processor"),
            bars,
        )?;
    }
    let open = report.open.iter().filter(|cell| cell.work == "hello" && cell.unanswered == 0);
    let bars = open.filter_map(|cell| bar(report, &cell.way, millis(cell.latency.p99_us))).collect();
    add(&mut charts, "open-hello", "hello at half of its throughput: p99 in milliseconds", bars)?;
    let beside = report.neighbours.iter();
    let bars = beside.filter_map(|one| bar(report, &one.way, millis(one.beside.p99_us))).collect();
    add(&mut charts, "neighbours", "hello beside 16 integer loops: p99 in milliseconds", bars)?;
    let cold = report.cold_starts.iter();
    let bars = cold.filter_map(|one| bar(report, &one.way, one.first_answer_ms)).collect();
    add(&mut charts, "cold", "from a server's start to its first answer, in milliseconds", bars)?;
    let most = |way: &str| report.memory.iter().filter(|kept| kept.way == way).map(|kept| kept.tenants).max();
    let memory = report.memory.iter().filter(|kept| most(&kept.way) == Some(kept.tenants));
    let bars = memory.filter_map(|kept| bar(report, &kept.way, kept.active_kib)).collect();
    add(&mut charts, "memory", "KiB a tenant that has run", bars)?;
    Ok(charts)
}

fn millis(us: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "at most a minute")]
    let us = us as f64;
    us / 1e3
}

fn bar(report: &Report, way: &str, value: f64) -> Option<Bar> {
    let shares = report.ways.iter().find(|used| used.name == way)?.shares.clone();
    (value > 0.0).then(|| Bar { label: way.to_owned(), shares, value })
}

fn add(charts: &mut Vec<(String, String)>, name: &str, title: &str, bars: Vec<Bar>) -> Tried<()> {
    if bars.is_empty() {
        return Ok(());
    }
    let svg = draw(title, &bars).map_err(|error| error.to_string()).trying(|| format!("draw {name}"))?;
    charts.push((format!("{name}.svg"), svg));
    Ok(())
}

fn draw(title: &str, bars: &[Bar]) -> Result<String, Box<dyn std::error::Error>> {
    let count = u32::try_from(bars.len())?;
    let least = bars.iter().map(|bar| bar.value).fold(f64::INFINITY, f64::min);
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let from = 10_f64.powf(least.log10().floor());
    let to = 10_f64.powf((most * 3.0).log10().ceil());
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, MARGIN + BAR * count)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, ("sans-serif", 20))
            .margin(10)
            .x_label_area_size(28)
            .y_label_area_size(150)
            .build_cartesian_2d((from..to).log_scale(), 0_i32..i32::try_from(count)?)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_label_formatter(&|value| tables::number(*value))
            .draw()?;
        for (place, bar) in bars.iter().enumerate() {
            let bottom = i32::try_from(bars.len() - 1 - place)?;
            let colour = match (bar.label.as_str(), bar.shares.as_str()) {
                ("mayfly" | "mayfly-hot", _) => RGBColor(214, 93, 14),
                (_, "fresh") => RGBColor(69, 133, 136),
                (_, "shared") => RGBColor(177, 98, 134),
                _ => RGBColor(146, 131, 116),
            };
            let mut rectangle = Rectangle::new([(from, bottom), (bar.value, bottom + 1)], colour.filled());
            rectangle.set_margin(3, 3, 0, 0);
            chart.draw_series([rectangle])?;
            let text = ("sans-serif", 15).into_font();
            chart.draw_series([EmptyElement::at((bar.value, bottom))
                + Text::new(tables::number(bar.value), (6, -21), text.clone())])?;
            let label = format!("{} ({})", bar.label, bar.shares);
            chart.draw_series([EmptyElement::at((from, bottom)) + Text::new(label, (-150, -21), text)])?;
        }
        root.present()?;
    }
    svg.push('\n');
    Ok(svg)
}
