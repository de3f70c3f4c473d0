//! Names: keywords inside expressions, calls, classes and anonymous functions.

use std::ops::Range;

use super::expression::ASSIGNED;
use super::lexer::Kind;
use super::reader::{Flow, Inclusion};
use super::state::{Mode, Place};
use super::value::{CONDITION, Datum};
use super::walk::Walk;

/// One argument of a call.
pub(super) struct Argument {
    pub(super) datum: Datum,
    /// The variable that is the whole argument: the function may take it by reference.
    pub(super) variable: Option<String>,
}

impl Walk<'_, '_> {
    pub(super) fn name(&mut self, name: &str) -> Flow<Datum> {
        let start = self.at;
        let place = self.place();
        self.at += 1;
        match (name.to_ascii_lowercase().as_str(), self.kind()) {
            ("include" | "require", _) => self.inclusion(Inclusion::Always, place),
            ("include_once" | "require_once", _) => self.inclusion(Inclusion::Once, place),
            ("exit" | "die", _) => self.exit(),
            ("yield", Some(Kind::Sign(";" | ")" | "," | "]"))) => Ok(Datum::Null),
            ("print" | "clone" | "throw" | "yield", _) => {
                self.expression(ASSIGNED)?;
                Ok(Datum::unknown("is computed"))
            }
            ("new", _) => self.instance(),
            ("static", Some(Kind::Name(word))) => {
                self.at += 1;
                self.function(word)
            }
            ("function" | "fn", _) => self.function(name),
            ("array" | "list", Some(Kind::Sign("("))) => {
                self.at += 1;
                self.list(")")?;
                self.array_value(start)
            }
            ("match", Some(Kind::Sign("("))) => self.match_expression(),
            (_, Some(Kind::Sign("("))) => {
                let datum = self.call(name, place)?;
                self.accesses(datum)
            }
            (_, Some(Kind::Sign("::"))) => self.static_member(name, place),
            _ => {
                let datum = self.constant(name);
                self.accesses(datum)
            }
        }
    }

    /// The arguments from an opening parenthesis on; `None` when they are no arguments.
    pub(super) fn arguments(&mut self) -> Flow<Option<Vec<Argument>>> {
        let mut arguments = Vec::new();
        self.at += 1;
        while !self.take(")") {
            if self.take("...") && self.take(")") {
                break;
            }
            if matches!(self.kind(), Some(Kind::Name(_))) && self.is_sign(1, ":") {
                self.at += 2;
            }
            let start = self.at;
            let datum = self.expression(0)?;
            let variable = match &self.tokens[start..self.at] {
                [] => return Ok(self.no_arguments()),
                [token] => match &token.kind {
                    Kind::Variable(name) => Some(name.clone()),
                    _ => None,
                },
                _ => None,
            };
            arguments.push(Argument { datum, variable });
            if !self.take(",") && !self.is_sign(0, ")") {
                return Ok(self.no_arguments());
            }
        }
        Ok(Some(arguments))
    }

    fn no_arguments(&mut self) -> Option<Vec<Argument>> {
        self.not_understood();
        None
    }

    fn static_member(&mut self, class: &str, place: Place) -> Flow<Datum> {
        if self.mode() != Mode::Never && self.reader.state.is_defining(last_segment(class)) {
            self.veil(format!("may be set by {class}"));
        }
        let method = self.word(1).unwrap_or_default();
        let datum = match (last_segment(class).to_ascii_lowercase().as_str(), method.as_str()) {
            ("config", "define" | "get" | "apply" | "remove") if self.is_sign(2, "(") => {
                self.bedrock_config(&method, place)?
            }
            ("env", "get") if self.is_sign(2, "(") => {
                self.at += 2;
                self.call("env", place)?
            }
            _ => Datum::Unknown(format!("depends on the class {class}")),
        };
        let datum = self.accesses(datum)?;
        if self.assignment_operator().is_some() {
            self.at += 1;
            self.expression(ASSIGNED)?;
        }
        Ok(datum)
    }

    fn instance(&mut self) -> Flow<Datum> {
        match self.kind() {
            Some(Kind::Name(class)) if class.eq_ignore_ascii_case("class") => {
                let body = self.skip_to_body();
                self.anonymous_body(body);
            }
            Some(Kind::Name(class)) => {
                self.at += 1;
                if self.mode() != Mode::Never && self.reader.state.is_defining(last_segment(class))
                {
                    self.veil(format!("may be set by {class}"));
                }
            }
            Some(Kind::Variable(_)) => self.at += 1,
            _ => {}
        }
        if self.is_sign(0, "(") {
            self.arguments()?;
        }
        self.accesses(Datum::unknown("is an object"))
    }

    /// What comes after `function` or `fn`, static or not.
    fn function(&mut self, keyword: &str) -> Flow<Datum> {
        match keyword.to_ascii_lowercase().as_str() {
            "function" => self.closure(),
            "fn" => self.arrow_function(),
            _ => Ok(self.not_understood()),
        }
    }

    fn closure(&mut self) -> Flow<Datum> {
        let start = self.at;
        let body = self.skip_to_body();
        let tokens = self.tokens;
        for pair in tokens[start..body.start].windows(2) {
            if let [Kind::Sign("&"), Kind::Variable(name)] = [&pair[0].kind, &pair[1].kind] {
                self.assign(name, Datum::unknown("is used in an anonymous function"));
            }
        }
        self.anonymous_body(body);
        self.accesses(Datum::unknown("is a function"))
    }

    /// Nobody can tell here whether and when an anonymous function or class is used.
    fn anonymous_body(&mut self, body: Range<usize>) {
        if self.may_define(body) {
            self.veil("may be set in an anonymous function or class");
        }
    }

    fn arrow_function(&mut self) -> Flow<Datum> {
        while !self.take("=>") {
            match self.kind() {
                Some(Kind::Sign("(")) => {
                    self.skip_brackets();
                }
                Some(Kind::Name(_) | Kind::Sign("&" | ":" | "?" | "|")) => self.at += 1,
                _ => return Ok(self.not_understood()),
            }
        }
        self.under(self.mode().max(Mode::Perhaps), |walk| walk.expression(ASSIGNED))?;
        Ok(Datum::unknown("is a function"))
    }

    fn match_expression(&mut self) -> Flow<Datum> {
        self.arguments()?;
        if self.is_sign(0, "{") {
            let body = self.skip_brackets();
            if self.may_define(body) {
                self.veil(format!("may be set in a match and {CONDITION}"));
            }
        }
        self.accesses(Datum::unknown(CONDITION))
    }
}

/// A function or class without its namespace.
pub(super) fn last_segment(name: &str) -> &str {
    name.rsplit('\\').next().unwrap_or(name)
}
