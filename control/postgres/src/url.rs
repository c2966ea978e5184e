//! Parses a database URL: the options about TLS here, the rest in the client library.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::{EndpointError, ServerAddress, Tls};

/// What a URL says.
pub(super) struct Parsed {
    pub(super) config: Config,
    pub(super) address: ServerAddress,
    pub(super) tls: Tls,
}

/// `postgres://user:password@host:port/database?sslmode=require&sslrootcert=/path/ca.pem`
pub(super) fn parse(url: &str) -> Result<Parsed, EndpointError> {
    let (rest, mode, roots) = take_tls_options(url);
    let config = Config::from_str(&rest).map_err(|error| EndpointError::Url(error.to_string()))?;
    let address = address(&config)?;
    let tls = tls(&address, mode.as_deref(), roots)?;
    Ok(Parsed { config, address, tls })
}

fn take_tls_options(url: &str) -> (String, Option<String>, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for option in query.split('&') {
        match url::form_urlencoded::parse(option.as_bytes()).next() {
            Some((name, value)) if name == "sslmode" => mode = Some(value.into_owned()),
            Some((name, value)) if name == "sslrootcert" => roots = Some(PathBuf::from(value.into_owned())),
            _ => others.push(option),
        }
    }
    (format!("{base}?{}", others.join("&")), mode, roots)
}

/// Without a mode: off on this machine, required beyond it. There is no mode that encrypts without knowing to whom.
fn tls(address: &ServerAddress, mode: Option<&str>, roots: Option<PathBuf>) -> Result<Tls, EndpointError> {
    match (address, mode) {
        (_, Some("disable")) | (ServerAddress::Unix { .. }, None) => Ok(Tls::off()),
        (ServerAddress::Tcp { host, .. }, None) if is_here(host) => Ok(Tls::off()),
        (ServerAddress::Tcp { .. }, None | Some("require" | "verify-full")) => {
            Tls::required(roots.as_deref())
        }
        (_, Some(mode)) => Err(EndpointError::TlsMode(mode.to_owned())),
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn address(config: &Config) -> Result<ServerAddress, EndpointError> {
    let port = match config.get_ports() {
        [] => 5432,
        [port] => *port,
        _ => return Err(EndpointError::SeveralHosts),
    };
    match config.get_hosts() {
        [Host::Unix(directory)] => Ok(ServerAddress::Unix { directory: directory.clone(), port }),
        [Host::Tcp(host)] => Ok(ServerAddress::Tcp { host: host.clone(), port }),
        [] => Err(EndpointError::Url("it names no host".to_owned())),
        _ => Err(EndpointError::SeveralHosts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(url: &str) -> bool {
        parse(url).unwrap_or_else(|error| panic!("{url}: {error}")).tls.is_required()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_url_says_otherwise() {
        assert!(required("postgres://me@db.example/x"));
        assert!(required("postgres://me@db.example/x?sslmode=require&application_name=a"));
        assert!(required("postgres://me@127.0.0.1/x?sslmode=verify-full"));
        assert!(!required("postgres://me@db.example/x?sslmode=disable"));
        assert!(!required("postgres://me@localhost/x"));
        assert!(!required("postgres://me@127.0.0.1/x"));
        assert!(!required("postgres://me@%2Fvar%2Frun%2Fpostgresql/x"));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for url in [
            "",
            "http://x",
            "postgres://me@/x",
            "postgres://me@a,b/x",
            "postgres://me@h/x?sslmode=prefer",
            "postgres://me@h/x?sslmode=allow",
            "postgres://me@h/x?sslrootcert=/nowhere",
            "postgres://me@%2Fsocket/x?sslmode=require",
            "postgres://me@h/x?unknown=1",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
