//! A graph of names, and the shortest cycle in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Which name leads to which, and by what.
#[derive(Debug, Default)]
pub(super) struct Graph {
    edges: BTreeMap<String, BTreeMap<String, String>>,
}

impl Graph {
    /// Adds an edge. `reason` says where it comes from; the first one is kept.
    pub(super) fn add(&mut self, from: &str, to: &str, reason: impl Into<String>) {
        if from != to {
            let edges = self.edges.entry(from.to_owned()).or_default();
            edges.entry(to.to_owned()).or_insert_with(|| reason.into());
        }
    }

    /// One of the shortest cycles, an edge a line; `None` where there is none.
    pub(super) fn cycle(&self) -> Option<String> {
        let cycles = self.edges.keys().filter_map(|start| self.way_back(start));
        let cycle = cycles.min_by_key(Vec::len)?;
        let lines = cycle.iter().zip(cycle.iter().cycle().skip(1));
        Some(lines.map(|(from, to)| format!("  {from} -> {to}: {}\n", self.edges[from][to])).collect())
    }

    /// The nodes of the shortest way from a node to itself.
    fn way_back(&self, start: &str) -> Option<Vec<String>> {
        let mut ways = VecDeque::from([vec![start.to_owned()]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in self.edges.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push_back(way.iter().chain([next]).cloned().collect());
                }
            }
        }
        None
    }

    /// Every node that leads somewhere, a line each: `a -> b, c`.
    pub(super) fn text(&self) -> String {
        let line = |(from, to): (&String, &BTreeMap<String, String>)| {
            format!("{from} -> {}\n", to.keys().cloned().collect::<Vec<_>>().join(", "))
        };
        self.edges.iter().map(line).collect()
    }
}

#[test]
fn the_shortest_cycle_is_found() {
    let mut graph = Graph::default();
    for (from, to) in [("a", "b"), ("b", "c"), ("c", "d"), ("a", "a")] {
        graph.add(from, to, format!("{from} uses {to}"));
    }
    assert_eq!(graph.cycle(), None);
    graph.add("d", "a", "long");
    graph.add("c", "b", "short");
    graph.add("c", "b", "again");
    assert_eq!(graph.cycle().unwrap(), "  b -> c: b uses c\n  c -> b: short\n");
    assert!(graph.text().starts_with("a -> b\nb -> c\nc -> b, d\n"));
}
