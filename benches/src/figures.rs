//! Figures that are no times: noted beside criterion's own, for the table.

use std::fs;
use std::path::PathBuf;

/// Where the benches of one run note their figures.
pub fn directory() -> PathBuf {
    std::env::temp_dir().join("mayfly-benches").join("figures")
}

/// Notes a figure under a name.
pub fn note(name: &str, value: f64) {
    let directory = directory();
    let file = directory.join(name.replace(['/', ' ', ','], "_"));
    let noted = fs::create_dir_all(directory).and_then(|()| fs::write(file, format!("{name}\n{value}\n")));
    noted.expect("the temporary directory is writable");
}

/// Everything that was noted, by name.
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
