//! The simulator's own behaviour, over a bare socket.

mod domains;
mod faults;
mod gate;
mod lists;
mod ssl;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::{Model, Simulator};

const TOKEN: &str = "Bearer simulated-token-that-is-longer-than-fifty-characters-00000";
const APP: &str = "/api/v3/servers/1903/webapps/646";

/// An answer as it came over the wire.
#[derive(Debug, PartialEq)]
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

async fn calm() -> Simulator {
    Simulator::start(Model::new(1).calm()).await.unwrap()
}

/// A well-mannered call below the web application.
async fn call(simulator: &Simulator, method: &str, path: &str, body: Value) -> Got {
    send(simulator, method, path, body).await.unwrap()
}

async fn get(simulator: &Simulator, path: &str) -> Got {
    call(simulator, "GET", path, Value::Null).await
}

async fn add(simulator: &Simulator, name: &str) -> Got {
    call(simulator, "POST", "/domains", json!({ "name": name, "www": false })).await
}

async fn send(simulator: &Simulator, method: &str, path: &str, body: Value) -> io::Result<Got> {
    let headers =
        [("Accept", "application/json"), ("User-Agent", "test"), ("Authorization", TOKEN)];
    raw(simulator.address(), method, &format!("{APP}{path}"), &headers, body).await
}

/// Any call at all; an answer is what comes until the connection ends.
async fn raw(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> io::Result<Got> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers: String =
        headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    );
    tokio::task::spawn_blocking(move || exchange(address, &request)).await.unwrap()
}

fn exchange(address: SocketAddr, request: &str) -> io::Result<Got> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Got { status: status.unwrap(), head: head.to_owned(), body: body.to_owned() })
}
