//! Which upstream: the URL of a server, or a command that is one.

use url::Url;

/// Where the upstream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Streamable HTTP.
    Url(Url),
    /// A program on stdin and stdout, with its arguments.
    Command(Vec<String>),
}

impl Target {
    /// Read `URL|COMMAND`; a command is cut as a shell would, and run without one.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = Url::parse(text).map_err(|error| format!("{text} is no URL: {error}"))?;
            return Ok(Self::Url(url));
        }
        match shlex::split(text) {
            Some(command) if !command.is_empty() => Ok(Self::Command(command)),
            Some(_) => Err("the upstream is empty: name a URL or a command".to_owned()),
            None => Err(format!("{text} has a quote that does not end")),
        }
    }

    /// For people, without a password.
    pub fn shown(&self) -> String {
        match self {
            Self::Url(url) => {
                let mut url = url.clone();
                // Such URLs have a host, and so may have neither.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.set_query(None);
                url.to_string()
            }
            Self::Command(command) => command.first().cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_commands_are_told_apart() {
        let url = Target::parse("https://ann:pw@example.com/mcp?token=x").unwrap();
        assert_eq!(url.shown(), "https://example.com/mcp");
        let command = Target::parse("npx -y 'a server' --dir \"/tmp/x y\"").unwrap();
        let words = ["npx", "-y", "a server", "--dir", "/tmp/x y"].map(str::to_owned);
        assert_eq!(command, Target::Command(words.to_vec()));
        for bad in ["", "  ", "'a", "http://"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
