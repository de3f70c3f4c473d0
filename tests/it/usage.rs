//! What the command line says of itself, and of what is typed wrong.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use crate::support::binary::{Ran, binary, run};

/// At a terminal of 80 columns.
fn typed(arguments: &[&str]) -> Ran {
    run(binary().env("COLUMNS", "80").args(arguments))
}

/// What is said of a mistake, on stderr alone.
fn mistake(arguments: &[&str]) -> String {
    let Ran { code, stdout, stderr } = typed(arguments);
    assert_eq!((code, stdout.as_str()), (64, ""), "{arguments:?}: {stderr}");
    stderr
}

#[test]
fn the_help_of_all() {
    let help = typed(&["-h"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(help.stdout, @"
    Keeps the domains of a RunCloud web application equal to the mapped domains of a
    WordPress multisite network

    Usage: runcloud-domain-sync [OPTIONS] [COMMAND]

    Commands:
      run          Reconcile for ever, or once; the default
      plan         Show what a pass would do now, and write nothing
      status       Show what is known, from the ledger alone
      explain      Explain why a name is, or is not, in RunCloud, covered by a
                   certificate and served
      history      Show what was changed, tried and said, when, why and in which
                   pass
      pause        Write nothing to RunCloud until `resume`, or for a time
      resume       End a pause
      retry        Try names again with the next pass, whatever they were put off
                   for
      adopt        Put names that only RunCloud has under management: as no row
                   wants them, they are removed
      approve      Let removals that a guard blocks through, once
      doctor       Check everything that can be wrong, and say what mends it
      demo         Show the whole thing at work on this machine, with a simulated
                   RunCloud
      completions  Print a shell's completions; the Debian package has them
                   installed
      help         Print this message or the help of the given subcommand(s)

    Options:
          --once                 Make one pass and exit: for a timer, or a first try
          --wait <DURATION>      Wait so long after --once for certificates that
                                 were ordered to be seen, such as 10m
          --dry-run              Print the plan, write nothing and exit
          --json                 Print the plan or the report as JSON on stdout
          --rebind[=<NAME>]      Bind the ledger to another network or web
                                 application
          --log-format <FORMAT>  How messages on stderr are written [default: the
                                 journal's own fields where systemd listens, else
                                 text] [possible values: text, json]
      -h, --help                 Print help (see more with '--help')
      -V, --version              Print version

    Settings (flag, then environment, config.toml, wp-config.php):
          --config <FILE>          config.toml [default:
                                   /etc/runcloud-domain-sync/config.toml, if there]
          --wp-config <PATH>       wp-config.php, or its directory [env: WP_CONFIG]
          --database-url <URL>     mysql://USER:PASSWORD@HOST/NAME, sqlite:///FILE
                                   [env: DATABASE_URL] [wp-config.php: DB_*]
          --table-prefix <PREFIX>  Table prefix [env: WP_TABLE_PREFIX]
                                   [wp-config.php: $table_prefix] [default: wp_]
          --api-url <URL>          RunCloud's API, with its version [env:
                                   RUNCLOUD_API_URL]
          --server-id <ID>         RunCloud server id [env and wp-config.php:
                                   WU_RUNCLOUD_SERVER_ID]
          --app-id <ID>            RunCloud web application id [env and
                                   wp-config.php: WU_RUNCLOUD_APP_ID]
          --state-dir <DIR>        State directory [env: STATE_DIRECTORY] [default:
                                   /var/lib/runcloud-domain-sync]

    Credentials are never a flag: WU_RUNCLOUD_API_TOKEN (API v3), or
    WU_RUNCLOUD_API_KEY and WU_RUNCLOUD_API_SECRET (API v2), from the environment,
    from a file that config.toml names (runcloud.api_token_file), or from
    wp-config.php.

    Exit codes:
       0  converged, or nothing to do      5  temporary: nothing is lost
       1  unexpected internal error        6  RunCloud refused the credentials
       2  plan: there are changes          7  another instance is at work
       3  some names failed, or findings  64  usage
       4  removals are blocked            78  configuration

    Examples, in the order of a first day:
      runcloud-domain-sync demo
      runcloud-domain-sync --wp-config /home/runcloud/webapps/APP doctor
      runcloud-domain-sync --wp-config /home/runcloud/webapps/APP plan
      runcloud-domain-sync --wp-config /home/runcloud/webapps/APP --once
      runcloud-domain-sync --wp-config /home/runcloud/webapps/APP
    ");
}

#[test]
fn every_command_has_a_sentence_and_an_example() {
    let mut shown = BTreeMap::new();
    for command in commands() {
        let help = typed(&[&command, "--help"]).stdout;
        let wide = help.lines().filter(|line| line.chars().count() > 80);
        assert_eq!(wide.count(), 0, "{help}");
        let sentence = help.split("\n\n").next().unwrap().replace('\n', " ");
        let example = format!("\n  runcloud-domain-sync {command}");
        let is_run = command == "run" && help.contains("\n  runcloud-domain-sync --once\n");
        assert!(is_run || help.contains(&example), "{help}");
        shown.insert(command, sentence);
    }
    let shown: Vec<String> = shown.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    adopt: Put names that only RunCloud has under management: as no row wants them, they are removed.
    approve: Let removals that a guard blocks through, once.
    completions: Print a shell's completions; the Debian package has them installed
    demo: Show the whole thing at work on this machine, with a simulated RunCloud.
    doctor: Check everything that can be wrong, and say what mends it.
    explain: Explain why a name is, or is not, in RunCloud, covered by a certificate and served.
    history: Show what was changed, tried and said, when, why and in which pass.
    pause: Write nothing to RunCloud until `resume`, or for a time.
    plan: Show what a pass would do now, and write nothing.
    resume: End a pause
    retry: Try names again with the next pass, whatever they were put off for
    run: Reconcile for ever, or once; the default.
    status: Show what is known, from the ledger alone.
    ");
}

#[test]
fn what_is_missing() {
    let missing = [
        &["explain"][..],
        &["approve"],
        &["retry"],
        &["adopt"],
        &["history", "undo"],
        &["completions"],
        &["--state-dir"],
        &["demo", "--map", "shop.test"],
    ];
    insta::assert_snapshot!(said(&missing), @"
    $ explain
    error: the following required arguments were not provided:
      <NAME>
      tip: for example: runcloud-domain-sync explain shop.example.com
    Usage: runcloud-domain-sync explain <NAME>

    $ approve
    error: the following required arguments were not provided:
      <HASH>
      tip: for example: runcloud-domain-sync approve 6a168e869a57c56b --ttl 2h
    Usage: runcloud-domain-sync approve <HASH>

    $ retry
    error: the following required arguments were not provided:
      <NAME>...
      tip: for example: runcloud-domain-sync retry shop.example.com
    Usage: runcloud-domain-sync retry <NAME>...

    $ adopt
    error: the following required arguments were not provided:
      <NAME|--all>
      tip: for example: runcloud-domain-sync adopt old.example.com
    Usage: runcloud-domain-sync adopt <NAME|--all>

    $ history undo
    error: the following required arguments were not provided:
      <ID>
      tip: for example: runcloud-domain-sync history undo 12
    Usage: runcloud-domain-sync history undo <ID>

    $ completions
    error: the following required arguments were not provided:
      <SHELL>
      tip: for example: runcloud-domain-sync completions bash
    Usage: runcloud-domain-sync completions <SHELL>

    $ --state-dir
    error: a value is required for '--state-dir <DIR>' but none was supplied

    $ demo --map shop.test
    error: the following required arguments were not provided:
      --in <DIR>
      tip: for example: runcloud-domain-sync demo --in /tmp/DIR --map shop.example.com
    Usage: runcloud-domain-sync demo --in <DIR> --map <NAME>
    ");
}

#[test]
fn what_is_wrong() {
    let wrong = [
        &["--once", "--wait", "soon"][..],
        &["pause", "--for", "2"],
        &["pause", "--for", "0s"],
        &["approve", "HASH", "--ttl", "5x"],
        &["history", "--since", "yesterday"],
        &["history", "-n", "all"],
        &["history", "--domain", "shop"],
        &["history", "undo", "a.test"],
        &["retry", "shop"],
        &["demo", "--seed", "x"],
        &["adopt", "--all", "a.test"],
        &["--log-format", "xml"],
        &["--once", "status"],
    ];
    insta::assert_snapshot!(said(&wrong), @r#"
    $ --once --wait soon
    error: invalid value 'soon' for '--wait <DURATION>': give a number and its unit, such as 90s, 30m, 2h or 7d

    $ pause --for 2
    error: invalid value '2' for '--for <DURATION>': give a number and its unit, such as 90s, 30m, 2h or 7d

    $ pause --for 0s
    error: --for is how long the pause lasts, such as 2h

    $ approve HASH --ttl 5x
    error: invalid value '5x' for '--ttl <DURATION>': give a number and its unit, such as 90s, 30m, 2h or 7d

    $ history --since yesterday
    error: --since "yesterday" is neither a span such as 2h nor a date such as 2026-10-01

    $ history -n all
    error: invalid value 'all' for '--newest <NUMBER>': give a whole number, such as 12

    $ history --domain shop
    error: "shop" is not a host name: it has only one label; give one such as shop.example.com

    $ history undo a.test
    error: invalid value 'a.test' for '<ID>': give the number at which its line in `history` begins, such as 12

    $ retry shop
    error: "shop" is not a host name: it has only one label; give one such as shop.example.com

    $ demo --seed x
    error: invalid value 'x' for '--seed <SEED>': give a whole number, such as 12

    $ adopt --all a.test
    error: the argument '--all' cannot be used with '[NAME]...'
    Usage: runcloud-domain-sync adopt <NAME|--all>

    $ --log-format xml
    error: invalid value 'xml' for '--log-format <FORMAT>'
      [possible values: text, json]

    $ --once status
    error: --once and --dry-run are for `run`, which is the default: leave them out
    "#);
}

#[test]
fn what_is_misspelt() {
    let misspelt = [
        &["stauts"][..],
        &["explian", "a.test"],
        &["--onec"],
        &["--dry"],
        &["plan", "--jsn"],
        &["completions", "bsh"],
        &["plan", "--once"],
    ];
    insta::assert_snapshot!(said(&misspelt), @"
    $ stauts
    error: unrecognized subcommand 'stauts'
      tip: some similar subcommands exist: 'pause', 'status'
    Usage: runcloud-domain-sync [OPTIONS] [COMMAND]

    $ explian a.test
    error: unrecognized subcommand 'explian'
      tip: a similar subcommand exists: 'explain'
    Usage: runcloud-domain-sync [OPTIONS] [COMMAND]

    $ --onec
    error: unexpected argument '--onec' found
      tip: a similar argument exists: '--once'
    Usage: runcloud-domain-sync --once

    $ --dry
    error: unexpected argument '--dry' found
      tip: a similar argument exists: '--dry-run'
    Usage: runcloud-domain-sync --dry-run

    $ plan --jsn
    error: unexpected argument '--jsn' found
      tip: a similar argument exists: '--json'
    Usage: runcloud-domain-sync plan --json

    $ completions bsh
    error: invalid value 'bsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]
      tip: a similar value exists: 'bash'

    $ plan --once
    error: unexpected argument '--once' found
    Usage: runcloud-domain-sync plan [OPTIONS]
    ");
}

/// The state directory is one that this user may not read, or none.
#[test]
fn a_ledger_that_cannot_be_opened() {
    let state = tempfile::tempdir().unwrap();
    std::fs::set_permissions(state.path(), PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(state.path().join("ledger.sqlite"), "").unwrap();
    let place = state.path().to_str().unwrap();
    let mut nobody = std::process::Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    nobody.arg(env!("CARGO_BIN_EXE_runcloud-domain-sync")).env_clear().current_dir("/");
    for command in [&["status"][..], &["history"], &["pause"], &["explain", "a.test"]] {
        let mut asked = std::process::Command::new(nobody.get_program());
        asked.args(nobody.get_args()).args(command).env_clear().current_dir("/");
        let Ran { code, stdout, stderr } = run(asked.args(["--state-dir", place]));
        assert_eq!((code, stdout.as_str()), (78, ""), "{command:?}: {stderr}");
        let expected = format!(
            "error: the ledger {place}/ledger.sqlite cannot be opened: Permission denied (os error 13). Run this as \
             root (sudo), or as the user of the service\n"
        );
        assert_eq!(stderr, expected);
    }
    let file = state.path().join("ledger.sqlite");
    let no_directory = typed(&["status", "--state-dir", file.to_str().unwrap()]);
    assert_eq!(no_directory.code, 78);
    assert!(no_directory.stderr.ends_with("Not a directory (os error 20). Set --state-dir\n"));
}

/// Each line of mistakes, with what is said of it.
fn said(mistakes: &[&[&str]]) -> String {
    let said = mistakes.iter().map(|line| {
        let said = mistake(line);
        let said = said.replace("\n\nFor more information, try '--help'.", "");
        format!("$ {}\n{}\n", line.join(" "), said.trim_end().replace("\n\n", "\n"))
    });
    said.collect::<Vec<_>>().join("\n")
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = typed(&["-h"]).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A line that begins further in goes on with the one above it.
    let lines = list.lines().filter(|line| !line.starts_with("   "));
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}
