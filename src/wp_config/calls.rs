//! Calls whose meaning is known: `define`, the environment, paths, and Bedrock's `Config`.

use std::path::Path;

use super::names::{Argument, last_segment};
use super::paths;
use super::reader::{Flow, Variable};
use super::state::{Mode, Place};
use super::value::{CONDITION, Datum, Unset};
use super::walk::Walk;

impl Walk<'_, '_> {
    pub(super) fn call(&mut self, name: &str, place: Place) -> Flow<Datum> {
        let Some(arguments) = self.arguments()? else {
            return Ok(Datum::unknown("is not understood"));
        };
        if self.mode() == Mode::Never {
            return Ok(Datum::unknown(CONDITION));
        }
        let function = last_segment(name).to_ascii_lowercase();
        let nothing = Datum::Null;
        let first = arguments.first().map_or(&nothing, |argument| &argument.datum);
        let second = arguments.get(1).map(|argument| &argument.datum);
        match function.as_str() {
            "define" => Ok(self.define(first, second, place)),
            "defined" => Ok(self.defined(first)),
            "constant" => Ok(first.text().map_or_else(Datum::Unknown, |name| self.constant(&name))),
            "getenv" => self.named_variable(first, Unset::False),
            "env" if self.reader.state.is_defining(name) => Ok(self.other_call(name, &arguments)),
            "env" => self.env(first, second),
            "getenv_docker" => self.docker_variable(first, second),
            "dirname" => Ok(dirname(first, second)),
            "realpath" => Ok(first.text().map_or_else(Datum::Unknown, |path| {
                Datum::Text(paths::resolve(&path, self.directory()).display().to_string())
            })),
            "file_exists" | "is_file" | "is_readable" => self.file_exists(first),
            "isset" => Ok(all_set(&arguments)),
            "empty" => Ok(truth_or_reason(first.truth().map(|truth| !truth), first)),
            "putenv" => {
                self.putenv(first);
                Ok(Datum::Boolean(true))
            }
            "eval" => {
                self.veil("may be set in code that eval() runs");
                Ok(Datum::unknown("calls eval()"))
            }
            _ => Ok(self.other_call(name, &arguments)),
        }
    }

    fn define(&mut self, name: &Datum, value: Option<&Datum>, place: Place) -> Datum {
        let value = value.cloned().unwrap_or_else(|| Datum::unknown("has no value"));
        let mode = self.mode();
        match name.text() {
            Ok(name) => self.reader.state.define(name, value, place, mode),
            Err(why) => self.veil(format!("may be set by a define() whose name {why}")),
        }
        Datum::Boolean(true)
    }

    fn defined(&self, name: &Datum) -> Datum {
        match name.text() {
            Ok(name) => truth_or_reason(
                self.reader.state.is_defined(name.trim_start_matches('\\')),
                &Datum::unknown(CONDITION),
            ),
            Err(why) => Datum::Unknown(why),
        }
    }

    fn named_variable(&mut self, name: &Datum, unset: fn(String) -> Unset) -> Flow<Datum> {
        match name.text() {
            Ok(name) => self.environment(&name, unset),
            Err(why) => Ok(Datum::Unknown(why)),
        }
    }

    /// Bedrock's `env()`, which turns some texts into other types.
    fn env(&mut self, name: &Datum, default: Option<&Datum>) -> Flow<Datum> {
        let datum = self.named_variable(name, Unset::Null)?;
        Ok(match (datum, default) {
            (Datum::Text(text), _) => typed(&text),
            (Datum::Unset(_), Some(default)) => default.clone(),
            (other, _) => other,
        })
    }

    /// `getenv_docker()` of the official image: a file named by `X_FILE`, then `X`, then a default.
    fn docker_variable(&mut self, name: &Datum, default: Option<&Datum>) -> Flow<Datum> {
        let Ok(name) = name.text() else {
            return Ok(Datum::Unknown(name.reason()));
        };
        if let Variable::Set(path) = self.reader.variable(&format!("{name}_FILE"))?
            && !path.is_empty()
        {
            let file = self.reader.file(&paths::resolve(&path, self.directory()))?;
            return Ok(match file {
                Some(text) => Datum::Text(text.trim_end_matches(['\r', '\n']).to_owned()),
                None => Datum::Unknown(format!(
                    "needs the file named by the environment variable {name}_FILE, \
                     which cannot be read"
                )),
            });
        }
        let datum = self.environment(&name, Unset::False)?;
        Ok(match (datum, default) {
            (Datum::Unset(_), Some(default)) => default.clone(),
            (other, _) => other,
        })
    }

    /// A directory cannot be told from a missing file, so the name has to look like a file's.
    fn file_exists(&mut self, path: &Datum) -> Flow<Datum> {
        let Ok(path) = path.text() else {
            return Ok(Datum::Unknown(path.reason()));
        };
        let path = paths::resolve(&path, self.directory());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if !name.is_some_and(|name| name.contains('.')) {
            return Ok(Datum::unknown(CONDITION));
        }
        Ok(Datum::Boolean(self.reader.file(&path)?.is_some()))
    }

    fn putenv(&mut self, assignment: &Datum) {
        let name = assignment.text().map_or_else(Datum::Unknown, |text| {
            Datum::Text(text.split('=').next().unwrap_or_default().to_owned())
        });
        self.own_environment(&name);
    }

    /// A function without known meaning: it may define constants or change its arguments.
    fn other_call(&mut self, name: &str, arguments: &[Argument]) -> Datum {
        if self.reader.state.is_defining(last_segment(name)) {
            self.veil(format!("may be set by {name}()"));
        }
        let function = last_segment(name).to_ascii_lowercase();
        if !BY_VALUE.split(' ').any(|known| known == function) {
            for variable in arguments.iter().filter_map(|argument| argument.variable.as_ref()) {
                self.assign(variable, Datum::Unknown(format!("is passed to {name}()")));
            }
        }
        Datum::Unknown(format!("calls {name}()"))
    }

    /// Bedrock's `Config`: the last `define` before `apply` wins.
    pub(super) fn bedrock_config(&mut self, method: &str, place: Place) -> Flow<Datum> {
        self.at += 2;
        let Some(arguments) = self.arguments()? else {
            return Ok(Datum::unknown("is not understood"));
        };
        let mode = self.mode();
        if method == "apply" {
            if mode != Mode::Never {
                self.reader.state.apply_configured();
            }
            return Ok(Datum::Null);
        }
        let mut arguments = arguments.into_iter().map(|argument| argument.datum);
        let name = arguments.next().unwrap_or(Datum::Null).text();
        let value = arguments.next().unwrap_or_else(|| Datum::unknown("is removed again"));
        match name {
            Ok(name) if method == "get" => return Ok(self.configured(&name)),
            Ok(name) => self.reader.state.configure(name, value, place, mode),
            Err(why) => self.veil(format!("may be set by a Config::define() whose name {why}")),
        }
        Ok(Datum::Null)
    }

    fn configured(&self, name: &str) -> Datum {
        match self.reader.state.configured(name) {
            Some(definition) => definition.datum(),
            None => Datum::Unknown(format!("depends on {name}, which is not configured before it")),
        }
    }

    pub(super) fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(&self.file)
    }
}

/// Functions that are common in these files and take their arguments by value.
const BY_VALUE: &str = "array_key_exists array_merge basename count error_log explode \
    file_get_contents filter_var getcwd header implode in_array ini_set is_array is_dir is_null \
    is_string json_decode ltrim md5 parse_url printf rtrim sha1 sprintf str_contains \
    str_ends_with str_starts_with strlen strpos strstr strtolower strtoupper strval substr trim \
    ucfirst var_dump";

fn dirname(path: &Datum, levels: Option<&Datum>) -> Datum {
    match (path.text(), levels) {
        (Ok(path), None) => Datum::Text(paths::dirname(&path, 1)),
        (Ok(path), Some(Datum::Integer(levels))) => Datum::Text(paths::dirname(&path, *levels)),
        (Ok(_), Some(levels)) => Datum::Unknown(levels.reason()),
        (Err(why), _) => Datum::Unknown(why),
    }
}

fn all_set(arguments: &[Argument]) -> Datum {
    let set = |argument: &Argument| argument.datum.is_set();
    if arguments.iter().any(|argument| set(argument) == Some(false)) {
        return Datum::Boolean(false);
    }
    match arguments.iter().find(|argument| set(argument).is_none()) {
        Some(argument) => Datum::Unknown(argument.datum.reason()),
        None => Datum::Boolean(true),
    }
}

fn truth_or_reason(truth: Option<bool>, unknown: &Datum) -> Datum {
    truth.map_or_else(|| Datum::Unknown(unknown.reason()), Datum::Boolean)
}

/// What Bedrock's `env()` makes of a text.
fn typed(text: &str) -> Datum {
    match text.to_ascii_lowercase().as_str() {
        "true" => return Datum::Boolean(true),
        "false" => return Datum::Boolean(false),
        "null" => return Datum::Null,
        _ => {}
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Like PHP's cast: leading zeros go, and what is too large becomes the largest.
        return Datum::Integer(text.parse().unwrap_or(i64::MAX));
    }
    let unquoted =
        ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    Datum::Text(unquoted.unwrap_or(text).to_owned())
}
