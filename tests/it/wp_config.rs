//! Reads each miniature tree under `tests/wp_config` and compares with its `expected`.
//!
//! A tree is what PHP sees under `/site`; `outside/` holds what it sees elsewhere. `entry` names
//! the file to begin with when it is not `wp-config.php`, `environment` holds `KEY=VALUE` lines.
//! `expected` has a line for each constant of interest:
//!
//! ```text
//! DB_NAME = text "x"
//! WP_DEBUG = boolean true
//! DB_HOST = none
//! DB_PASSWORD ! depends on a condition (wp-config.php line 12)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use runcloud_domain_sync::wp_config::{Parsed, Sources, Undetermined, Value, WpConfig, parse};

const FOLDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wp_config");
const SITE: &str = "/site";

#[test]
fn every_folder_reads_as_expected() {
    let folders = folders();
    assert!(folders.len() >= 40, "the folders are missing");
    let failures: Vec<String> = folders.iter().filter_map(|folder| difference(folder)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn no_truncated_file_panics_or_runs_on() {
    for (sources, path, text) in texts() {
        for (end, _) in text.char_indices() {
            survives(&sources, &path, text[..end].to_owned());
        }
    }
}

#[test]
fn no_damaged_file_panics_or_runs_on() {
    let mut random = Random(0x5eed);
    for (sources, path, text) in texts() {
        for _ in 0..200 {
            survives(&sources, &path, damaged(&text, &mut random));
        }
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    const OPENINGS: &str = "( [ { ! - f( $a[ $a= 1? 1?: 1?? if(1) if(1): 1|| while(1) fn()=> do~ try{ \
        (string) new~class{ function(){ \"{$ @ switch(1){ 'a'. $a-> $a->$$ f()->g( include~ \
        else~ static~ new~ namespace~a{ declare( match(1){ echo~ #[ $$ ${ <?= ?> yield~";
    for opening in OPENINGS.split_whitespace() {
        let text = format!("<?php {}", opening.replace('~', " ").repeat(20_000));
        survives(&sources(BTreeMap::new()), Path::new("/site/wp-config.php"), text);
    }
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let text = "<?php include 'a.php'; include 'b.php'; include __FILE__;".to_owned();
    let files = ["wp-config.php", "a.php", "b.php"]
        .map(|name| (Path::new(SITE).join(name), Some(text.clone())));
    drive(sources(BTreeMap::from(files)), |_| None);
}

#[test]
fn an_unknown_number_of_files_is_not_asked_for() {
    let includes: Vec<String> =
        (0..100).map(|number| format!("include 'f{number}.php';")).collect();
    let text = includes.concat();
    let mut asked = 0;
    let (config, _) = drive(sources(BTreeMap::new()), |_| {
        asked += 1;
        Some(format!("<?php {text} define('X', 'x');"))
    });
    assert!(asked <= 20, "{asked} files");
    assert!(config.constant("X").is_err());
}

/// What differs in a folder, as lines with `-` for what was expected and `+` for what was read.
fn difference(folder: &Path) -> Option<String> {
    let expected = read(&folder.join("expected")).expect("a folder has a file `expected`");
    let (config, _) = load(folder);
    let lines: Vec<String> = expected
        .lines()
        .filter(|line| !line.is_empty())
        .filter_map(|line| {
            let name = line.split(' ').next().unwrap_or_default();
            let actual = described(&config, name);
            (actual != line).then(|| format!("  - {line}\n  + {actual}"))
        })
        .collect();
    let name = folder.file_name().unwrap_or_default().display();
    (!lines.is_empty()).then(|| format!("{name}\n{}", lines.join("\n")))
}

fn described(config: &WpConfig, name: &str) -> String {
    let found = match name {
        "$table_prefix" => config.table_prefix().map(|prefix| prefix.map(Value::Text)),
        _ => config.constant(name),
    };
    match found {
        Ok(None) => format!("{name} = none"),
        Ok(Some(Value::Text(text))) => format!("{name} = text {text:?}"),
        Ok(Some(Value::Integer(number))) => format!("{name} = integer {number}"),
        Ok(Some(Value::Boolean(value))) => format!("{name} = boolean {value}"),
        Err(undetermined) => {
            assert_eq!(undetermined.name, name);
            format!("{name} ! {}", message(&undetermined))
        }
    }
}

fn message(undetermined: &Undetermined) -> String {
    let text = undetermined.to_string().replace("/site/", "");
    text.strip_prefix(&undetermined.name).unwrap_or(&text).trim_start().to_owned()
}

/// Reads a folder, and the sources that this took.
fn load(folder: &Path) -> (WpConfig, Sources) {
    let entry = read(&folder.join("entry")).unwrap_or_else(|| "wp-config.php".to_owned());
    let environment = read(&folder.join("environment")).unwrap_or_default();
    let environment = environment.lines().filter_map(|line| line.split_once('='));
    let sources = Sources {
        entry: Path::new(SITE).join(entry.trim()),
        files: BTreeMap::new(),
        environment: environment.map(|(name, value)| (name.into(), value.into())).collect(),
    };
    drive(sources, |path| match path.strip_prefix(SITE) {
        Ok(inside) => read(&folder.join(inside)),
        Err(_) => read(&folder.join("outside").join(path.strip_prefix("/").unwrap_or(path))),
    })
}

fn drive(
    mut sources: Sources,
    mut text_of: impl FnMut(&Path) -> Option<String>,
) -> (WpConfig, Sources) {
    loop {
        match parse(&sources) {
            Parsed::Complete(config) => return (config, sources),
            Parsed::Needs(path) => {
                assert!(!sources.files.contains_key(&path), "{} again", path.display());
                assert!(sources.files.len() < 20, "too many files");
                let text = text_of(&path);
                sources.files.insert(path, text);
            }
        }
    }
}

fn survives(sources: &Sources, path: &Path, text: String) {
    let mut files = sources.files.clone();
    files.insert(path.to_owned(), Some(text));
    let (entry, environment) = (sources.entry.clone(), sources.environment.clone());
    let (config, _) = drive(Sources { entry, files, environment }, |_| None);
    let _ = (config.constant("DB_PASSWORD"), config.table_prefix());
}

fn sources(files: BTreeMap<PathBuf, Option<String>>) -> Sources {
    let entry = Path::new(SITE).join("wp-config.php");
    Sources { entry, files, environment: BTreeMap::new() }
}

/// Each different text of all folders, with the sources it is read among.
fn texts() -> Vec<(Sources, PathBuf, String)> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for folder in folders() {
        let (_, sources) = load(&folder);
        for (path, text) in &sources.files {
            if let Some(text) = text.clone().filter(|text| seen.insert(text.clone())) {
                let files = sources.files.clone();
                let (entry, environment) = (sources.entry.clone(), sources.environment.clone());
                texts.push((Sources { entry, files, environment }, path.clone(), text));
            }
        }
    }
    texts
}

fn damaged(text: &str, random: &mut Random) -> String {
    const PIECES: &[u8] = b"'\"\\${}()[];:?<>/*#.,=&|!\n\0aX0_-@";
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() + 1);
        let byte = PIECES[random.below(PIECES.len())];
        match random.below(3) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            _ if at < bytes.len() => {
                bytes.remove(at);
            }
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A linear congruential generator: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDERS).expect("the folders are there");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    folders
}

fn read(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
