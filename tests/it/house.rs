//! The house: what every source file promises, and what the pure rooms must not touch.
//!
//! A rule is a function over one file that says what it found, so that each is tried on a bad sample too. The text is
//! read by a small lexer, good enough for formatted Rust: comments and literals are told from code, and modules under
//! `#[cfg(test)]` are left out where a rule is about the program.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LONGEST_FUNCTION: usize = 60;
const LONGEST_FILE: usize = 400;
const PURE: [&str; 34] = [
    "src/admin/health.rs",
    "src/admin/listen.rs",
    "src/daemon/allowance.rs",
    "src/daemon/schedule.rs",
    "src/daemon/trouble.rs",
    "src/doctor/connection/",
    "src/doctor/domains/",
    "src/doctor/ours/",
    "src/doctor/ssl/",
    "src/domain/",
    "src/wp_config/",
    "src/wordpress/serving.rs",
    "src/ledger/settlement.rs",
    "src/reconcile/adoption.rs",
    "src/reconcile/explain/",
    "src/probe/shown.rs",
    "src/probe/verdict.rs",
    "src/reconcile/plan.rs",
    "src/reconcile/change.rs",
    "src/reconcile/inputs.rs",
    "src/reconcile/blocked.rs",
    "src/reconcile/grace.rs",
    "src/reconcile/guard.rs",
    "src/reconcile/identity.rs",
    "src/reconcile/proof.rs",
    "src/reconcile/systemic.rs",
    "src/reconcile/certificate/",
    "src/reconcile/pointing.rs",
    "src/reconcile/retry.rs",
    "src/reconcile/seen.rs",
    "src/reconcile/settle.rs",
    "src/reconcile/show.rs",
    "src/reconcile/www.rs",
    "src/text.rs",
];
const IMPURE: [&str; 24] = [
    "async",
    ".await",
    "std::{",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "tokio",
    "sqlx",
    "reqwest",
    "tracing",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
];
const WRITING_ROOMS: [&str; 4] = ["src/reconcile/", "src/daemon/", "src/runcloud/", "src/cli/"];
const WRITING_VERBS: [&str; 7] =
    ["INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP"];
/// In any case of letters, where the verb alone might be English.
const WRITING_PHRASES: [&str; 9] = [
    "INSERT INTO",
    "INSERT OR",
    "INSERT IGNORE",
    "REPLACE INTO",
    "DELETE FROM",
    "CREATE TABLE",
    "ALTER TABLE",
    "DROP TABLE",
    "TRUNCATE",
];
const UNFINISHED: [&str; 5] = ["todo!", "unimplemented!", "dbg!", "FIXME", "XXX"];
const TOP_OF_SRC: [&str; 7] = [
    "src/lib.rs",
    "src/main.rs",
    "src/clock.rs",
    "src/patience.rs",
    "src/progress.rs",
    "src/stop.rs",
    "src/text.rs",
];
const TOP: [&str; 12] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
    "migrations",
    "src",
    "systemd",
    "target",
    "tests",
];
/// Must not even be locked; the lock file has more than is built.
const OTHER_TLS: [&str; 3] = ["openssl", "openssl-sys", "native-tls"];
const OTHER_CRYPTO: [&str; 5] = ["openssl", "openssl-sys", "native-tls", "schannel", "ring"];
const CRYPTO: &str = "aws-lc-rs";

#[test]
fn pure_rooms_do_no_io_and_read_no_clock() {
    assert_clean(sources("src").iter().flat_map(impure));
}

#[test]
fn only_the_rooms_that_act_name_the_writer() {
    assert_clean(sources("src").iter().flat_map(stray_writer));
}

#[test]
fn wordpress_is_only_read() {
    assert_clean(sources("src").iter().flat_map(writing_sql));
}

#[test]
fn client_and_simulator_share_nothing() {
    assert_clean(sources("src").iter().flat_map(shared_wire));
}

#[test]
fn functions_are_a_page_at_most() {
    assert_clean(sources("src").iter().flat_map(long_functions));
}

#[test]
fn files_are_short() {
    assert_clean(sources("src").iter().flat_map(long_file));
}

#[test]
fn nothing_is_left_unfinished() {
    assert_clean(sources("src").iter().flat_map(unfinished));
}

#[test]
fn every_file_has_a_room() {
    assert_clean(sources("src").iter().flat_map(roomless));
}

#[test]
fn sql_is_asserted_safe_in_one_place() {
    assert_clean(not_one_assertion(&sources("src")));
}

#[test]
fn there_is_one_crypto_provider() {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    assert_clean(other_tls(&lock));
    assert_clean(other_crypto(&built_packages()));
}

#[test]
fn the_top_level_is_tidy() {
    let names = fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap().file_name());
    assert_clean(names.filter_map(|name| untidy(&name.to_string_lossy())));
}

/// What a rule found.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
    why: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what, why } = self;
        write!(f, "{path}:{line}: {what}: {why}")
    }
}

#[track_caller]
fn assert_clean(findings: impl IntoIterator<Item = Finding>) {
    let lines: Vec<String> = findings.into_iter().map(|finding| finding.to_string()).collect();
    assert!(lines.is_empty(), "the house rules are broken:\n{}", lines.join("\n"));
}

// The rules.

fn impure(source: &Source) -> Vec<Finding> {
    if !source.is_in(&PURE) {
        return vec![];
    }
    let why = "pure rooms do no I/O, read no clock and are not async; take it as an argument";
    source.program().find_words(&IMPURE, why)
}

fn stray_writer(source: &Source) -> Vec<Finding> {
    if source.is_in(&WRITING_ROOMS) {
        return vec![];
    }
    let why = "only reconcile, daemon, runcloud and cli may change RunCloud";
    source.program().find_words(&["Writer"], why)
}

/// A sentence may tell the operator what to GRANT; a line that begins with it is a statement.
fn writing_sql(source: &Source) -> Vec<Finding> {
    if !source.is_in(&["src/wordpress/"]) {
        return vec![];
    }
    let why = "the WordPress database is only read";
    let parts = source.program();
    let mut findings = parts.in_literals().find_words(&WRITING_VERBS, why);
    let shouted = Parts { literals: parts.literals.to_ascii_uppercase(), ..parts };
    findings.extend(shouted.in_literals().find_words(&WRITING_PHRASES, why));
    let lines = (1..).zip(shouted.literals.lines());
    let grants = lines
        .filter(|(_, line)| line.split(';').any(|part| part.trim_start().starts_with("GRANT ")));
    findings.extend(grants.map(|(line, _)| source.finding(line, "GRANT".to_owned(), why)));
    findings
}

fn shared_wire(source: &Source) -> Vec<Finding> {
    let why = "client and simulator share nothing, so that a misreading is not repeated";
    if source.is_in(&["src/simulator/"]) {
        source.whole().find_words(&["runcloud"], why)
    } else if source.is_in(&["src/runcloud/"]) {
        source.whole().find_words(&["simulator"], why)
    } else {
        vec![]
    }
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let code = source.whole().code;
    let long = |start: usize| {
        let end = end_of_item(&code, start);
        let lines = code[start..end].lines().count();
        let name: String = code[start + 3..].chars().take_while(|c| is_word(*c)).collect();
        let what = format!("{name} has {lines} lines");
        (lines > LONGEST_FUNCTION)
            .then(|| source.finding(line_of(&code, start), what, "a function is 60 lines at most"))
    };
    words(&code, "fn ").filter_map(long).collect()
}

fn long_file(source: &Source) -> Vec<Finding> {
    let program = source.program();
    let lines = source.text.lines().count() - program.test_lines;
    if source.is_test() || lines <= LONGEST_FILE {
        return vec![];
    }
    let what = format!("{lines} lines");
    vec![source.finding(1, what, "a file is 400 lines at most without its tests; split it")]
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let raw = Parts { code: source.text.clone(), ..source.whole() };
    raw.find_words(&UNFINISHED, "what is not done is an issue, not a mark in the source")
}

fn roomless(source: &Source) -> Vec<Finding> {
    let is_top = source.path.matches('/').count() == 1;
    if !is_top || TOP_OF_SRC.contains(&source.path.as_str()) {
        return vec![];
    }
    vec![source.finding(
        1,
        "no room".to_owned(),
        "only lib.rs, main.rs and what every room uses are at the top",
    )]
}

fn not_one_assertion(all: &[Source]) -> Vec<Finding> {
    let why = "one checked place may build SQL from text";
    let calls = all.iter().flat_map(|source| {
        let code = source.program().code;
        let at = words(&code, "AssertSqlSafe(").map(|at| line_of(&code, at)).collect::<Vec<_>>();
        at.into_iter().map(|line| source.finding(line, "AssertSqlSafe".to_owned(), why))
    });
    let calls: Vec<Finding> = calls.collect();
    if calls.len() == 1 { vec![] } else { calls }
}

fn other_tls(lock: &str) -> Vec<Finding> {
    let name = |line: &str| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned());
    let locked = (1..).zip(lock.lines()).filter_map(|(at, line)| Some((at, name(line)?)));
    let other = locked.filter(|(_, name)| OTHER_TLS.contains(&name.as_str()));
    let why = "TLS is rustls";
    let path = || "Cargo.lock".to_owned();
    other.map(|(line, what)| Finding { path: path(), line, what, why }).collect()
}

/// `packages` has one `name version` on each line, as `cargo tree` prints them.
fn other_crypto(packages: &str) -> Vec<Finding> {
    let finding = |(line, what): (usize, &str), why| Finding {
        path: "cargo tree".to_owned(),
        line,
        what: what.to_owned(),
        why,
    };
    let names = packages.lines().filter_map(|line| line.split_whitespace().next());
    let built: Vec<(usize, &str)> = (1..).zip(names).collect();
    let other = built.iter().filter(|(_, name)| OTHER_CRYPTO.contains(name));
    let mut findings: Vec<Finding> =
        other.map(|at| finding(*at, "the one crypto provider is aws-lc-rs")).collect();
    if !built.iter().any(|(_, name)| *name == CRYPTO) {
        findings.push(finding((1, CRYPTO), "the one crypto provider is missing"));
    }
    findings
}

fn untidy(name: &str) -> Option<Finding> {
    let known = TOP.contains(&name) || name.starts_with('.') || name.starts_with("LICENSE-");
    let why = "the top level holds the package, its documents and its rooms";
    (!known).then(|| Finding { path: name.to_owned(), line: 1, what: "not known".to_owned(), why })
}

// The sources.

/// A file and its path from the root of the repository.
#[derive(Clone)]
struct Source {
    path: String,
    text: String,
}

/// A file taken apart: in each part, what is not of it is blank, so that lines and columns stay.
struct Parts {
    path: String,
    code: String,
    literals: String,
    /// How many lines are under `#[cfg(test)]`.
    test_lines: usize,
}

/// Every Rust file below a directory, in the order of paths.
fn sources(below: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut open = vec![Path::new(ROOT).join(below)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the repository") {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Source::read(&path));
            }
        }
    }
    assert!(!sources.is_empty(), "{below} holds no Rust");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The packages that are built into the program on this system.
fn built_packages() -> String {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none"]);
    let output = tree.current_dir(ROOT).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("names in UTF-8")
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a source file in UTF-8");
        let path = path.strip_prefix(ROOT).expect("a path below the root");
        Self { path: path.to_string_lossy().into_owned(), text }
    }

    fn is_in(&self, rooms: &[&str]) -> bool {
        rooms.iter().any(|room| self.path.starts_with(room))
    }

    /// Files that a `#[cfg(test)] mod tests;` brings in.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    fn whole(&self) -> Parts {
        let (code, literals) = lex(&self.text);
        Parts { path: self.path.clone(), code, literals, test_lines: 0 }
    }

    /// Without what is compiled for tests only.
    fn program(&self) -> Parts {
        let mut parts = self.whole();
        if self.is_test() {
            (parts.code, parts.literals) = (String::new(), String::new());
        }
        while let Some(start) = parts.code.find("#[cfg(test)]") {
            let end = end_of_item(&parts.code, start);
            parts.test_lines += parts.code[start..end].lines().count();
            for text in [&mut parts.code, &mut parts.literals] {
                let blank = blanked(&text[start..end]);
                text.replace_range(start..end, &blank);
            }
        }
        parts
    }

    fn finding(&self, line: usize, what: String, why: &'static str) -> Finding {
        Finding { path: self.path.clone(), line, what, why }
    }
}

impl Parts {
    /// The literals in the place of the code.
    fn in_literals(&self) -> Parts {
        let code = self.literals.clone();
        Parts { path: self.path.clone(), code, literals: String::new(), test_lines: 0 }
    }

    fn find_words(&self, sought: &[&str], why: &'static str) -> Vec<Finding> {
        let mut found = BTreeSet::new();
        for word in sought {
            found.extend(words(&self.code, word).map(|at| (line_of(&self.code, at), *word)));
        }
        let finding = |(line, word): (usize, &str)| Finding {
            path: self.path.clone(),
            line,
            what: word.to_owned(),
            why,
        };
        found.into_iter().map(finding).collect()
    }
}

/// Where `word` stands and is not a piece of a longer name.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let ends_open = |end: usize| !text[end..].starts_with(is_word);
    let starts_open = |at: usize| !text[..at].ends_with(is_word);
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        (!word.starts_with(is_word) || starts_open(*at))
            && (!word.ends_with(is_word) || ends_open(at + word.len()))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The end of the item that starts at `start`: its closing brace, or its semicolon.
fn end_of_item(code: &str, start: usize) -> usize {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        let ends = c == '}' || (c == ';' && brackets == 0);
        if ends && braces == 0 {
            return start + at + 1;
        }
    }
    code.len()
}

/// Code and literals, each with blanks for the other and for comments.
fn lex(text: &str) -> (String, String) {
    let (mut code, mut literals) = (String::new(), String::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (token, length) = token(rest, code.ends_with(is_word));
        let piece = &rest[..length];
        let (as_code, as_literal) = match token {
            Token::Code => (piece.to_owned(), blanked(piece)),
            Token::Comment => (blanked(piece), blanked(piece)),
            Token::Literal => (blanked(piece), unquoted(piece)),
        };
        code.push_str(&as_code);
        literals.push_str(&as_literal);
        rest = &rest[length..];
    }
    (code, literals)
}

enum Token {
    Code,
    Comment,
    Literal,
}

/// What stands at the beginning of `text`, and how long it is in octets.
fn token(text: &str, after_word: bool) -> (Token, usize) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return (Token::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Token::Comment, text.find("*/").map_or(text.len(), |end| end + 2));
    }
    let raw = text.trim_start_matches(['b', 'c']);
    if !after_word && raw.len() + 1 >= text.len() && raw.starts_with('r') {
        let hashes = raw[1..].len() - raw[1..].trim_start_matches('#').len();
        if raw[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = text.len() - raw.len() + hashes + 2;
            let end =
                text[start..].find(&close).map_or(text.len(), |end| start + end + close.len());
            return (Token::Literal, end);
        }
    }
    match text.as_bytes()[0] {
        b'"' => (Token::Literal, closed_by(text, '"').unwrap_or(text.len())),
        // Otherwise it is a lifetime.
        b'\'' if text[1..].starts_with('\\') || text[1..].chars().nth(1) == Some('\'') => {
            (Token::Literal, closed_by(text, '\'').unwrap_or(text.len()))
        }
        _ => (Token::Code, first),
    }
}

/// The length of a literal that begins with `quote`.
fn closed_by(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some(at + 1);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// The same number of octets and lines, and nothing on them.
fn blanked(text: &str) -> String {
    let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
    text.bytes().map(blank).collect()
}

/// A literal without its quotes; an escaped end of line is a blank too.
fn unquoted(literal: &str) -> String {
    literal.replace("\\\n", " \n").replace("\\\"", "  ").replace('"', " ")
}

// The rules can fail.

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

/// `line what` of each finding.
fn told(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| format!("{} {}", finding.line, finding.what)).collect()
}

#[test]
fn a_finding_says_where_what_and_why() {
    let findings = impure(&source("src/domain/mod.rs", "\nuse tokio::net;\n"));
    let text = findings[0].to_string();
    assert!(text.starts_with("src/domain/mod.rs:2: tokio: pure rooms do no I/O"), "{text}");
}

#[test]
fn impurity_is_found_in_code_only() {
    let text = "\
//! Not async, no tokio.
use std::fs::File;
use std::net::IpAddr;
const TEXT: &str = \"tokio\";
const RAW: &str = r#\"say \"async\"\"#;
async fn f<'a>(c: char) { c == '\"'; g().await; let tokio_like = '\\''; }
#[cfg(test)]
mod tests {
    fn f() { println!(\"{}\", Timestamp::now()); }
}
fn g() { Timestamp::now(); }
";
    let found = ["2 std::fs", "6 .await", "6 async", "11 Timestamp::now"];
    for room in ["src/wp_config/lexer.rs", "src/reconcile/www.rs"] {
        assert_eq!(told(impure(&source(room, text))), found);
    }
    assert!(impure(&source("src/reconcile/pass.rs", text)).is_empty());
}

#[test]
fn a_writer_outside_the_rooms_that_act_is_found() {
    let text = "/// A Writer.\nuse crate::runcloud::{Reader, Writer};\nstruct BufWriter;";
    assert_eq!(told(stray_writer(&source("src/ledger/store.rs", text))), ["2 Writer"]);
    assert!(stray_writer(&source("src/reconcile/apply.rs", text)).is_empty());
}

#[test]
fn sql_that_writes_is_found() {
    let text = "\
fn update() { run(\"SELECT updated FROM t\"); }
// DELETE FROM t
fn f() { run(\"SELECT 1; delete from t\"); run(&format!(\"WITH x {} UPDATE t\", 1)); }
fn g() { run(\"SELECT 1; \\
              grant all\"); say(\"not allowed (GRANT SELECT on it)\"); }
fn h() { run(r\"DROP VIEW t\"); }
";
    let found = told(writing_sql(&source("src/wordpress/database.rs", text)));
    assert_eq!(found, ["3 UPDATE", "6 DROP", "3 DELETE FROM", "5 GRANT"]);
    assert!(writing_sql(&source("src/ledger/store.rs", text)).is_empty());
}

#[test]
fn wire_types_that_are_shared_are_found() {
    let text = "// runcloud and simulator\nuse crate::{runcloud::Entry, simulator::Model};";
    assert_eq!(told(shared_wire(&source("src/simulator/wire.rs", text))), ["2 runcloud"]);
    assert_eq!(told(shared_wire(&source("src/runcloud/wire.rs", text))), ["2 simulator"]);
    assert!(shared_wire(&source("src/cli/demo.rs", text)).is_empty());
}

#[test]
fn a_long_function_is_found() {
    let body = |lines: usize| "    x(); // }\n".repeat(lines);
    let text = format!("trait T {{\n    fn a(b: [u8; 4]);\n}}\nfn long() {{\n{}}}\n", body(59));
    assert_eq!(told(long_functions(&source("src/a/b.rs", &text))), ["4 long has 61 lines"]);
    let text = format!("fn page() {{\n{}}}\nfn next() {{}}\n", body(58));
    assert!(long_functions(&source("src/a/b.rs", &text)).is_empty());
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let lines = "use a;\n".repeat(401);
    assert_eq!(told(long_file(&source("src/a/b.rs", &lines))), ["1 401 lines"]);
    let tests = format!("use a;\n#[cfg(test)]\nmod tests {{\n{lines}}}\n");
    assert!(long_file(&source("src/a/b.rs", &tests)).is_empty());
}

#[test]
fn unfinished_work_is_found_in_comments_too() {
    let text = "// FIXME later\nfn f() { todo!() }\nfn maxxx() { dbg!(1); }\n// XXXL";
    let found = told(unfinished(&source("src/a/b.rs", text)));
    assert_eq!(found, ["1 FIXME", "2 todo!", "3 dbg!"]);
}

#[test]
fn a_file_without_a_room_is_found() {
    assert_eq!(told(roomless(&source("src/utils.rs", ""))), ["1 no room"]);
    assert!(roomless(&source("src/clock.rs", "")).is_empty());
    assert!(roomless(&source("src/cli/run.rs", "")).is_empty());
}

#[test]
fn a_second_assertion_about_sql_is_found() {
    let one = source(
        "src/wordpress/database.rs",
        "use sqlx::AssertSqlSafe;\nlet q = AssertSqlSafe(sql);",
    );
    let two = source("src/ledger/store.rs", "f(AssertSqlSafe(sql))");
    assert!(not_one_assertion(std::slice::from_ref(&one)).is_empty());
    assert_eq!(told(not_one_assertion(&[one, two])), ["2 AssertSqlSafe", "1 AssertSqlSafe"]);
}

#[test]
fn another_crypto_provider_is_found() {
    let lock = "[[package]]\nname = \"native-tls\"\ndependencies = [\n \"openssl\",\n]\n";
    assert_eq!(told(other_tls(lock)), ["2 native-tls"]);
    assert_eq!(told(other_tls("name = \"openssl-probe\"")), Vec::<String>::new());
    assert!(other_crypto("a v1.0.0 (/x)\naws-lc-rs v1.2.3\n").is_empty());
    assert_eq!(told(other_crypto("a v1.0.0\nring v0.17.0\n")), ["2 ring", "1 aws-lc-rs"]);
}

#[test]
fn clutter_at_the_top_is_found() {
    for name in ["NOTES.md", "examples", "build.rs", "Makefile"] {
        assert!(untidy(name).is_some(), "{name}");
    }
    for name in ["src", "LICENSE-MIT", ".gitignore", "README.md"] {
        assert!(untidy(name).is_none(), "{name}");
    }
}
