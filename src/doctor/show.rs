//! What was found, for people and for machines. Pure.

use std::fmt;

use serde::Serialize;

use super::check::{Check, Finding, Verdict};
use super::{Examination, Group};
use crate::config::Sourced;
use crate::text::{BAD, GOOD, ODD, PLAIN, counted, wrapped};

const EVIDENCE: &str = "        ";
const MEND: &str = "        -> ";
const BELOW_MEND: &str = "           ";
const SETTING: &str = "  ";

/// What was found, in words, by group.
pub struct Text<'a> {
    /// What the checks came to.
    pub examination: &'a Examination,
    /// Every setting with where it came from, secrets masked.
    pub settings: &'a [Sourced<String>],
}

/// What was found, for machines.
#[derive(Serialize)]
pub struct Json<'a> {
    schema: u32,
    /// What is wrong.
    findings: Vec<&'a Finding>,
    /// What is worth knowing, or could not be told.
    notes: Vec<&'a Finding>,
    /// The checks that hold.
    passed: Vec<Check>,
    settings: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    #[serde(rename = "setting")]
    name: &'static str,
    value: &'a str,
    origin: String,
}

impl<'a> Json<'a> {
    /// Sorts what was found by what it came to.
    pub fn of(examination: &'a Examination, settings: &'a [Sourced<String>]) -> Self {
        let such = |is_such: fn(Verdict) -> bool| {
            examination.all().filter(move |finding| is_such(finding.verdict))
        };
        let setting = |setting: &'a Sourced<String>| Setting {
            name: setting.setting,
            value: &setting.value,
            origin: setting.origin.to_string(),
        };
        Self {
            schema: 1,
            findings: such(|verdict| verdict >= Verdict::Warn).collect(),
            notes: such(|verdict| verdict == Verdict::Note).collect(),
            passed: such(|verdict| verdict == Verdict::Ok).map(|finding| finding.check).collect(),
            settings: settings.iter().map(setting).collect(),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.examination.groups.iter();
        for (group, findings) in groups.filter(|(_, findings)| !findings.is_empty()) {
            writeln!(f, "{group}")?;
            for finding in findings {
                write_finding(f, finding)?;
            }
            writeln!(f)?;
        }
        writeln!(f, "Where each setting came from")?;
        for Sourced { setting, value, origin } in self.settings {
            let text = format!("{setting}: {value} ({origin})");
            writeln!(f, "{}", wrapped(PLAIN, SETTING, EVIDENCE, &text))?;
        }
        writeln!(f)?;
        let number = |is_such: fn(Verdict) -> bool| {
            self.examination.all().filter(|finding| is_such(finding.verdict)).count()
        };
        let findings = number(|verdict| verdict >= Verdict::Warn);
        let style = if findings == 0 { GOOD } else { BAD };
        write!(
            f,
            "{style}{}{style:#}, {}, {} passed",
            counted(findings, "finding"),
            counted(number(|verdict| verdict == Verdict::Note), "note"),
            counted(number(|verdict| verdict == Verdict::Ok), "check")
        )
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "Connection",
            Self::Ssl => "SSL",
            Self::Domains => "Domain not added",
            Self::Ours => "This program",
        })
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let Finding { check, verdict, evidence, mend } = finding;
    let (style, mark) = match verdict {
        Verdict::Ok => (GOOD, "  ok    "),
        Verdict::Note => (PLAIN, "  note  "),
        Verdict::Warn => (ODD, "  WARN  "),
        Verdict::Fail => (BAD, "  FAIL  "),
    };
    writeln!(f, "{}", wrapped(style, mark, EVIDENCE, &format!("{check}: {evidence}")))?;
    let mut lines = mend.lines();
    if let Some(sentence) = lines.next() {
        writeln!(f, "{}", wrapped(PLAIN, MEND, BELOW_MEND, sentence))?;
    }
    // Commands, to be copied as they are.
    lines.try_for_each(|command| writeln!(f, "{BELOW_MEND}{command}"))
}
