//! Reports: their data is what the committed schema says, and their texts and charts name what was measured.

use std::path::Path;

use mayfly_bench::load::{Latency, closed};
use mayfly_bench::machine::Machine;
use mayfly_bench::report::{
    self, AbsentWay, Cell, ColdStart, Deploys, Kept, LimitCost, Mix, MixPart, Neighbour, OneShot, OpenCell,
    Report, Runaway, Settings, WayUsed, WorkDone,
};

const SCHEMA: &str = "../../docs/performance/report.schema.json";

/// One row of everything.
fn full() -> Report {
    let machine = Machine {
        cpu: "a | b".into(),
        cores: 2,
        kernel: "k".into(),
        memory_mib: 1,
        bound: true,
        load_before: 2.0,
    };
    let mut report = Report::new(machine, Settings { rounds: 1, seconds: 0.1, quick: true }, None);
    let latency = Latency { p50_us: 1_500, p99_us: 12_345, count: 7, ..Latency::default() };
    let text = |text: &str| text.to_owned();
    let used = |name: &str, shares: &str| WayUsed {
        name: text(name),
        about: text("about"),
        shares: text(shares),
        version: text("1"),
    };
    report.ways = vec![used("hyper", "floor"), used("mayfly", "fresh"), used("node", "shared")];
    report.absent =
        vec![AbsentWay { name: text("bun"), missing: text("it is missing"), remedy: text("make peers") }];
    report.works = vec![WorkDone { name: text("hello"), about: text("a constant") }];
    report.closed = ["hyper", "mayfly", "node"]
        .map(|way| Cell {
            way: text(way),
            work: text("hello"),
            connections: 16,
            per_second: (way != "node").then_some(12_345.0),
            of_floor: Some(0.5),
            latency: Some(latency),
            wrong: u64::from(way == "hyper"),
            failed: 0,
            note: None,
        })
        .to_vec();
    report.open = vec![OpenCell {
        way: text("mayfly"),
        work: text("hello"),
        rate: 10.0,
        share: 0.5,
        latency,
        unanswered: 0,
    }];
    report.cold_starts = vec![ColdStart { way: text("mayfly"), first_answer_ms: 80.0 }];
    report.deploys = vec![Deploys {
        way: text("mayfly"),
        deploy_ms: 1.0,
        first_call_ms: 1.0,
        first_call_p99_ms: 1.0,
        about: text("about"),
    }];
    report.one_shots = vec![OneShot { way: text("node"), ms: 40.0 }];
    report.memory = vec![Kept {
        way: text("mayfly"),
        tenants: 10,
        idle_kib: None,
        active_kib: 3.0,
        about: text("a function"),
    }];
    report.limits = vec![LimitCost { limit: text("fuel"), work: text("fib"), us: 1.0, of_none: 1.2 }];
    report.runaways =
        vec![Runaway { about: text("a loop"), limit_ms: 100.0, dead_ms: 101.0, code: text("CPU") }];
    report.neighbours = vec![Neighbour { way: text("mayfly"), alone: latency, beside: latency }];
    report.mix = Some(Mix {
        per_second: 1.0,
        saturated: latency,
        rate: 1.0,
        at_rate: latency,
        unanswered: 0,
        memory_mib: 1.0,
        parts: vec![MixPart { name: text("a"), share: 1 }],
        advice: vec![text("advice")],
    });
    report
}

#[test]
fn the_data_is_what_the_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(&mayfly_bench::run::schema_text().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut data = serde_json::to_value(full()).unwrap();
    assert!(validator.is_valid(&data));
    data["closed"][0]["per_second"] = "fast".into();
    assert!(!validator.is_valid(&data));
}

#[test]
fn the_committed_schema_is_the_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
    let text = mayfly_bench::run::schema_text().unwrap();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "UPDATE_GENERATED=1 writes it");
}

#[test]
fn the_table_and_the_document_say_all() {
    let report = full();
    let charts = report::charts(&report).unwrap();
    let names: Vec<&str> = charts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["throughput-hello.svg", "open-hello.svg", "neighbours.svg", "cold.svg", "memory.svg"]);
    assert!(charts.iter().all(|(_, svg)| svg.starts_with("<svg") && svg.contains("mayfly")));
    let table = report::table(&report);
    for said in ["12,345 (0.50)", "1 failed", "absent: bun: it is missing: make peers", "advice"] {
        assert!(table.contains(said), "{said}: {table}");
    }
    let document = report::document(&report, &names);
    for said in
        ["| mayfly | fresh |", "quick run", "load average 2.0", "(performance/throughput-hello.svg)", "`bun`"]
    {
        assert!(document.contains(said), "{said}");
    }
    assert!(!document.contains("{{") && !document.contains("Not measured"), "{document}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_counted_as_failed() {
    // A port of nothing: bound, and given back.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = mayfly_bench::load::Target::new(address, b"GET / HTTP/1.1\r\n\r\n".to_vec(), b"");
    let tally = closed(&target, 1, std::time::Duration::ZERO, std::time::Duration::from_millis(20)).await;
    assert!(tally.failed > 0 && tally.right == 0 && tally.example.is_some());
}
