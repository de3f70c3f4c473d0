//! `DB_HOST` as WordPress and PHP's mysqli understand it.

use std::net::Ipv6Addr;
use std::path::PathBuf;

/// Where the database server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbHost {
    /// A Unix socket; `None` is the default one, which PHP takes for `localhost` whatever the port.
    Socket(Option<PathBuf>),
    /// A host name or address, and a port when one is given.
    Tcp {
        /// The name or address, an IPv6 address without its brackets.
        host: String,
        /// The port; `None` is MySQL's own.
        port: Option<u16>,
    },
}

/// Why a `DB_HOST` names no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DbHostError {
    /// The persistent form of mysqli.
    #[error("DB_HOST begins with \"p:\", which WordPress does not understand")]
    Persistent,
    /// The port is not a number a port can have.
    #[error("the port in DB_HOST is not a number from 1 to 65535")]
    Port,
    /// Several colons without being an IPv6 address.
    #[error("DB_HOST has several colons but is not an IPv6 address")]
    Address,
}

/// Reads a `DB_HOST` the way WordPress does; what WordPress would silently cut off is an error.
pub fn parse_db_host(text: &str) -> Result<DbHost, DbHostError> {
    if text.starts_with("p:") {
        return Err(DbHostError::Persistent);
    }
    let (server, socket) = match text.find(":/") {
        Some(colon) => (&text[..colon], Some(PathBuf::from(&text[colon + 1..]))),
        None => (text, None),
    };
    let (host, port) = if server.matches(':').count() > 1 {
        ipv6(server)?
    } else {
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        (host, parse_port(port)?)
    };
    if host.is_empty() || host.eq_ignore_ascii_case("localhost") {
        return Ok(DbHost::Socket(socket));
    }
    // mysqli heeds a socket only for the local host.
    Ok(DbHost::Tcp { host: host.to_owned(), port })
}

fn ipv6(server: &str) -> Result<(&str, Option<u16>), DbHostError> {
    let (address, port) = match server.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or(DbHostError::Address)?,
        None => (server, ""),
    };
    address.parse::<Ipv6Addr>().map_err(|_| DbHostError::Address)?;
    match port.strip_prefix(':') {
        Some(port) => Ok((address, parse_port(port)?)),
        None if port.is_empty() => Ok((address, None)),
        None => Err(DbHostError::Address),
    }
}

/// No digits after the colon are no port, as in WordPress.
fn parse_port(text: &str) -> Result<Option<u16>, DbHostError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(Some(port)),
        _ => Err(DbHostError::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: Option<u16>) -> DbHost {
        let host = host.to_owned();
        DbHost::Tcp { host, port }
    }

    #[test]
    fn the_local_host_is_the_default_socket_whatever_the_port() {
        for text in ["", "localhost", "LOCALHOST", "localhost:3307", ":3307", "localhost:"] {
            assert_eq!(parse_db_host(text), Ok(DbHost::Socket(None)), "{text}");
        }
    }

    #[test]
    fn a_socket_is_everything_from_the_slash() {
        let socket = Ok(DbHost::Socket(Some(PathBuf::from("/run/my:/sql.sock"))));
        for text in ["localhost:/run/my:/sql.sock", ":/run/my:/sql.sock"] {
            assert_eq!(parse_db_host(text), socket, "{text}");
        }
        assert_eq!(parse_db_host("db.example:/run/x.sock"), Ok(tcp("db.example", None)));
    }

    #[test]
    fn a_name_or_address_may_have_a_port() {
        assert_eq!(parse_db_host("127.0.0.1:3307"), Ok(tcp("127.0.0.1", Some(3307))));
        assert_eq!(parse_db_host("db.example"), Ok(tcp("db.example", None)));
        assert_eq!(parse_db_host("db.example:3306"), Ok(tcp("db.example", Some(3306))));
    }

    #[test]
    fn two_colons_mean_ipv6() {
        assert_eq!(parse_db_host("::1"), Ok(tcp("::1", None)));
        assert_eq!(parse_db_host("[::1]"), Ok(tcp("::1", None)));
        assert_eq!(parse_db_host("[::1]:3306"), Ok(tcp("::1", Some(3306))));
        for text in ["db:3307:3306", "[::1", "[::1]x", "[]::"] {
            assert_eq!(parse_db_host(text), Err(DbHostError::Address), "{text}");
        }
    }

    #[test]
    fn a_port_is_digits_in_range() {
        for text in ["db:0", "db:65536", "db:+1", "db:x", "localhost:x", "[::1]:x"] {
            assert_eq!(parse_db_host(text), Err(DbHostError::Port), "{text}");
        }
    }

    #[test]
    fn the_persistent_form_is_refused() {
        assert_eq!(parse_db_host("p:localhost"), Err(DbHostError::Persistent));
    }
}
