//! The stock Javy plugin: the runtime with the settings of Javy's own default plugin, and its event loop.
use javy_plugin_api::{Config, import_namespace, initialize_runtime};

import_namespace!("javy-default-plugin-v3");

fn config() -> Config {
    let mut config = Config::default();
    config.text_encoding(true).javy_stream_io(true);
    config.event_loop(true);
    config
}

/// Makes the runtime: what Javy's `init-plugin` calls before it takes its snapshot.
#[unsafe(export_name = "initialize-runtime")]
pub extern "C" fn initialize() {
    if initialize_runtime(config, |runtime| runtime).is_err() {
        std::process::abort();
    }
}
