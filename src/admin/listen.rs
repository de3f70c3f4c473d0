use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where metrics and health are to be had: on this machine only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A loopback address with its port.
    Tcp(SocketAddr),
    /// A Unix socket, by its absolute path.
    Unix(PathBuf),
}

impl TryFrom<String> for Listen {
    type Error = String;

    /// Takes `127.0.0.1:9101`, `[::1]:9101` or an absolute path.
    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(Self::Tcp(address)),
            Ok(_) => Err(format!(
                "\"{text}\" is open to other machines, and nothing there asks who calls: give a loopback \
                 address such as 127.0.0.1:9101, or the path of a Unix socket"
            )),
            Err(_) => Err(format!(
                "\"{text}\" is neither a loopback address with a port, such as 127.0.0.1:9101, nor the \
                 absolute path of a Unix socket"
            )),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_to() {
        let listen = |text: &str| Listen::try_from(text.to_owned());
        for text in ["127.0.0.1:9101", "[::1]:9101", "/run/x/admin.sock"] {
            assert_eq!(listen(text).unwrap().to_string(), text);
        }
        assert!(listen("0.0.0.0:9101").unwrap_err().contains("open to other machines"));
        for text in ["9101", "localhost:9101", "127.0.0.1", "run/admin.sock", ""] {
            assert!(listen(text).unwrap_err().contains("absolute path"), "{text}");
        }
    }
}
