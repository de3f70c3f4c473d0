//! Completions and manual pages, from the definitions of the command line.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::binary::{binary, run};

const NAME: &str = env!("CARGO_PKG_NAME");

#[test]
fn shells_know_every_command_and_no_hidden_one() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = run(binary().args(["completions", shell]));
        assert_eq!((completions.code, completions.stderr.as_str()), (0, ""), "{shell}");
        for name in commands().iter().chain(&["--wp-config", "--log-format"].map(str::to_owned)) {
            let name = if shell == "fish" { name.trim_start_matches('-') } else { name };
            assert!(completions.stdout.contains(name), "{shell} does not know {name}");
        }
        assert!(!completions.stdout.contains("Write the manual pages"), "{shell}");
    }
    let wrong = run(binary().args(["completions", "bsh"]));
    assert_eq!(wrong.code, 64);
    assert!(wrong.stderr.contains("a similar value exists: 'bash'"), "{}", wrong.stderr);
}

#[test]
fn bash_completes_a_command() {
    let script = format!(
        "eval \"$($0 completions bash)\"; function=$(complete -p {NAME} | sed 's/.*-F //; s/ .*//')
         COMP_WORDS=({NAME} pl) COMP_CWORD=1; $function {NAME} pl {NAME}; echo \"${{COMPREPLY[*]}}\""
    );
    let completed = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_runcloud-domain-sync")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "plan\n", "{completed:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man");
    let written = run(binary().arg("man").arg(&pages));
    assert_eq!((written.code, written.stderr.as_str()), (0, ""));
    let names = fs::read_dir(&pages).unwrap().map(|page| page.unwrap().file_name());
    let names: BTreeSet<_> = names.map(|name| name.into_string().unwrap()).collect();
    let expected = commands().into_iter().map(|command| format!("{NAME}-{command}.1"));
    let missing: Vec<_> =
        expected.chain([format!("{NAME}.1")]).filter(|page| !names.contains(page)).collect();
    assert_eq!(missing, Vec::<String>::new());
    let page = fs::read_to_string(pages.join(format!("{NAME}.1"))).unwrap();
    assert!(page.contains("\\-\\-wp\\-config") && page.contains("configuration"), "{page}");

    let refused = run(binary().args(["man", "/dev/null"]));
    assert_eq!(refused.code, 64);
    assert!(refused.stderr.contains("the pages cannot be written to /dev/null"));
}

/// The commands that the help lists.
fn commands() -> BTreeSet<String> {
    let help = run(binary().arg("-h")).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A line that begins further in goes on with the one above it.
    let lines = list.lines().filter(|line| !line.starts_with("   "));
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}
