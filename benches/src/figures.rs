//! Figures that are not times, stored beside criterion's results for the table.

use std::fs;
use std::path::PathBuf;

/// The directory of one run's figures.
pub fn directory() -> PathBuf {
    std::env::temp_dir().join("mayfly-benches").join("figures")
}

/// Stores a figure under a name.
pub fn note(name: &str, value: f64) {
    let directory = directory();
    let file = directory.join(name.replace(['/', ' ', ','], "_"));
    let noted = fs::create_dir_all(directory).and_then(|()| fs::write(file, format!("{name}\n{value}\n")));
    noted.expect("the temporary directory is writable");
}

/// All stored figures, by name.
pub fn all() -> Vec<(String, f64)> {
    let Ok(entries) = fs::read_dir(directory()) else { return Vec::new() };
    let mut figures: Vec<_> = entries
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.ok()?.path()).ok()?;
            let (name, value) = text.trim_end().split_once('\n')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect();
    figures.sort_by(|a, b| a.0.cmp(&b.0));
    figures
}
