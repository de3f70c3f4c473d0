//! Whether systemd runs this program as locked up as its unit is shipped. Pure.

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Facts, Unit};

pub(super) const CHECKS: &[Look] = &[unit_hardening];

const ID: &str = "Id";
const DROP_INS: &str = "DropInPaths";
const NEEDS_RELOAD: &str = "NeedDaemonReload";
const USER: &str = "User";
const DYNAMIC_USER: &str = "DynamicUser";
const CAPABILITIES: &str = "CapabilityBoundingSet";
const FILES: &str = "ProtectSystem";
const ARCHITECTURES: &str = "SystemCallArchitectures";
/// Lists of what is allowed; one that begins with a tilde is of what is forbidden, and allows the rest.
const ALLOWED: [&str; 2] = ["RestrictAddressFamilies", "SystemCallFilter"];

/// What is asked of a unit. `PrivateTmp` is not: the shipped unit says itself when to switch it off.
pub(in crate::doctor) const PROPERTIES: [&str; 30] = [
    ID,
    DROP_INS,
    NEEDS_RELOAD,
    USER,
    DYNAMIC_USER,
    CAPABILITIES,
    FILES,
    ARCHITECTURES,
    ALLOWED[0],
    ALLOWED[1],
    "DevicePolicy",
    "KeyringMode",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateIPC",
    "PrivateMounts",
    "PrivateUsers",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
];
/// Values of the others that are weaker than the shipped ones.
const WEAK: [&str; 5] = ["no", "auto", "default", "inherit", "shared"];
/// So much of a value is shown.
const SHOWN: usize = 40;

fn unit_hardening(facts: &Facts) -> Option<Finding> {
    let check = Check::UnitHardening;
    let (first, _) = facts.units.split_first()?;
    if let Some((unit, weak)) = facts.units.iter().find_map(|unit| Some((unit, weak(unit)?))) {
        let name = unit.name();
        let files = unit.get(DROP_INS).filter(|files| !files.is_empty());
        let by = files.map(|files| format!(" (by {files})")).unwrap_or_default();
        return check.warn(
            format!("{name} is less locked up than it is shipped: {weak}{by}"),
            format!(
                "Take out what is not meant:\nsystemctl cat {name}\nsystemctl edit {name}\n\
                 systemctl restart {name}"
            ),
        );
    }
    if let Some(edited) = facts.units.iter().find(|unit| unit.get(NEEDS_RELOAD) == Some("yes")) {
        let name = edited.name();
        return check.warn(
            format!("the files of {name} were edited, and systemd has not read them since"),
            format!("Have them read:\nsystemctl daemon-reload\nsystemctl restart {name}"),
        );
    }
    check.ok(format!("{}: locked up as it is shipped", first.name()))
}

/// What is weaker than in the shipped unit.
fn weak(unit: &Unit) -> Option<String> {
    let weak = unit.properties.iter().filter(|(name, value)| is_weak(name, value));
    let weak = weak.map(|(name, value)| format!("{name}={}", shown(value)));
    let is_root =
        matches!(unit.get(USER), Some("" | "root" | "0")) && unit.get(DYNAMIC_USER) == Some("no");
    let weak: Vec<String> = weak.chain(is_root.then(|| "it runs as root".to_owned())).collect();
    (!weak.is_empty()).then(|| weak.join(", "))
}

fn is_weak(name: &str, value: &str) -> bool {
    match name {
        ID | DROP_INS | NEEDS_RELOAD | USER | DYNAMIC_USER => false,
        CAPABILITIES => !value.is_empty(),
        FILES => value != "strict",
        ARCHITECTURES => value.is_empty(),
        _ if ALLOWED.contains(&name) => value.starts_with('~'),
        _ => WEAK.contains(&value),
    }
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

impl Unit {
    fn get(&self, property: &str) -> Option<&str> {
        self.properties.get(property).map(String::as_str)
    }

    fn name(&self) -> &str {
        self.get(ID).unwrap_or("the unit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_unit_sets_what_is_looked_at() {
        let unit = include_str!("../../../systemd/runcloud-domain-sync.service");
        let is_set = |property: &str| {
            unit.lines().any(|line| line.strip_prefix(property).is_some_and(|l| l.starts_with('=')))
        };
        let about_the_unit = [ID, DROP_INS, NEEDS_RELOAD];
        for property in PROPERTIES.iter().filter(|property| !about_the_unit.contains(property)) {
            assert!(is_set(property), "{property}");
        }
    }
}
