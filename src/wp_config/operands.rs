//! Operands: literals, variables, constants, names, and what is read from or called on them.

use super::expression::ASSIGNED;
use super::lexer::Kind;
use super::paths;
use super::reader::{Flow, Halt, Variable};
use super::state::Mode;
use super::strings::{Part, Template};
use super::value::{CONDITION, Datum, Unset};
use super::walk::Walk;

impl Walk<'_, '_> {
    pub(super) fn operand(&mut self) -> Flow<Datum> {
        let datum = match self.kind() {
            Some(Kind::Literal(template)) => self.template(template),
            Some(Kind::Integer(number)) => Datum::Integer(*number),
            Some(Kind::Fraction) => Datum::unknown("is no whole number"),
            Some(Kind::Variable(name)) => return self.variable(name),
            Some(Kind::Name(name)) => return self.name(name),
            Some(Kind::Sign("[")) => return self.array(),
            Some(Kind::Sign("$")) => return self.variable_variable(),
            _ => return Ok(self.not_understood()),
        };
        self.at += 1;
        self.accesses(datum)
    }

    fn template(&self, template: &Template) -> Datum {
        match template {
            Template::Obscure(why) => Datum::unknown(*why),
            Template::Parts(parts) => {
                let empty = Datum::Text(String::new());
                parts.iter().fold(empty, |text, part| match part {
                    Part::Text(more) => text.concatenate(&Datum::Text(more.clone())),
                    Part::Variable(name) => text.concatenate(&self.variable_value(name)),
                })
            }
        }
    }

    pub(super) fn variable_value(&self, name: &str) -> Datum {
        match self.reader.state.variable(name) {
            Some(definition) => definition.datum(),
            None => Datum::Unknown(format!(
                "depends on the variable ${name}, which is not assigned before it"
            )),
        }
    }

    fn variable(&mut self, name: &str) -> Flow<Datum> {
        self.at += 1;
        match name {
            "_ENV" | "_SERVER" if self.is_sign(0, "[") => return self.environment_entry(name),
            "GLOBALS" if self.is_sign(0, "[") => return self.global(),
            _ => {}
        }
        if let Some(operator) = self.assignment_operator() {
            return self.assignment(name, operator);
        }
        let start = self.at;
        let value = self.variable_value(name);
        let datum = self.accesses(value)?;
        if self.at > start && self.assignment_operator().is_some() {
            return self.part_assignment(name);
        }
        if self.take("++") || self.take("--") {
            self.assign(name, Datum::unknown("is changed in place"));
            return Ok(Datum::unknown("is computed"));
        }
        Ok(datum)
    }

    /// An assignment to a part of a variable: the rest of it is not tracked.
    fn part_assignment(&mut self, name: &str) -> Flow<Datum> {
        self.at += 1;
        let right = self.expression(ASSIGNED)?;
        self.assign(name, Datum::unknown("is assigned in parts"));
        Ok(right)
    }

    /// `$_ENV['X']` or `$_SERVER['X']`.
    fn environment_entry(&mut self, array: &str) -> Flow<Datum> {
        let key = self.key()?;
        if self.assignment_operator().is_some() {
            self.at += 1;
            let right = self.expression(ASSIGNED)?;
            self.own_environment(&key);
            return Ok(right);
        }
        let Ok(key) = key.text() else {
            return Ok(Datum::Unknown(key.reason()));
        };
        if array == "_SERVER" && describes_request(&key) {
            return Ok(Datum::Unknown(format!("depends on the request's {key}")));
        }
        let datum = self.environment(&key, Unset::Null)?;
        self.accesses(datum)
    }

    /// An environment variable that the file sets is not looked up any more.
    pub(super) fn own_environment(&mut self, key: &Datum) {
        let mode = self.mode();
        match key.text() {
            Ok(key) => self.reader.state.sets_environment(&key, mode),
            Err(why) => self.veil(format!("may depend on an environment variable that {why}")),
        }
    }

    fn global(&mut self) -> Flow<Datum> {
        let key = self.key()?;
        match (key.text(), self.assignment_operator()) {
            (Ok(name), Some(operator)) => self.assignment(&name, operator),
            (Ok(name), None) => {
                let value = self.variable_value(&name);
                self.accesses(value)
            }
            (Err(why), _) => {
                self.veil(format!("may be set through a global variable whose name {why}"));
                Ok(Datum::Unknown(why))
            }
        }
    }

    fn key(&mut self) -> Flow<Datum> {
        self.at += 1;
        if self.take("]") {
            return Ok(Datum::unknown("is a part of another value"));
        }
        let key = self.expression(0)?;
        Ok(if self.take("]") { key } else { self.not_understood() })
    }

    /// An environment variable, or what PHP has in its place.
    pub(super) fn environment(
        &mut self,
        name: &str,
        unset: impl FnOnce(String) -> Unset,
    ) -> Flow<Datum> {
        if self.mode() == Mode::Never {
            return Ok(Datum::unknown(CONDITION));
        }
        Ok(match self.reader.variable(name)? {
            Variable::Set(value) => Datum::Text(value),
            Variable::Unset => Datum::Unset(unset(name.to_owned())),
            Variable::Unknown(why) => Datum::Unknown(why),
        })
    }

    /// `$$name` and `${…}`: it may be any variable.
    fn variable_variable(&mut self) -> Flow<Datum> {
        let why = "depends on a variable whose name is computed";
        self.skip_computed_name();
        if self.assignment_operator().is_some() {
            self.at += 1;
            self.expression(ASSIGNED)?;
            self.veil(why);
        }
        self.accesses(Datum::unknown(why))
    }

    fn skip_computed_name(&mut self) {
        while self.take("$") {}
        match self.kind() {
            Some(Kind::Sign("{")) => {
                self.skip_brackets();
            }
            Some(Kind::Variable(_)) => self.at += 1,
            _ => {
                self.not_understood();
            }
        }
    }

    fn array(&mut self) -> Flow<Datum> {
        let start = self.at;
        self.at += 1;
        self.list("]")?;
        self.array_value(start)
    }

    /// What a literal array or the left side of a destructuring assignment is worth.
    pub(super) fn array_value(&mut self, start: usize) -> Flow<Datum> {
        let array = self.accesses(Datum::unknown("is an array"))?;
        if self.is_sign(0, "=") {
            let tokens = self.tokens;
            for token in &tokens[start..self.at] {
                if let Kind::Variable(name) = &token.kind {
                    self.assign(name, Datum::unknown("is taken from an array"));
                }
            }
            self.at += 1;
            self.expression(ASSIGNED)?;
        }
        Ok(array)
    }

    /// Expressions with separators up to a closing bracket; behind `as` stand loop variables.
    pub(super) fn list(&mut self, closing: &str) -> Flow<()> {
        while !self.take(closing) {
            let start = self.at;
            match self.kind() {
                Some(Kind::Sign("," | ";" | "=>" | "...")) => self.at += 1,
                Some(Kind::Name(word)) if word.eq_ignore_ascii_case("as") => self.loop_variables(),
                _ => {
                    self.expression(0)?;
                }
            }
            if self.at == start {
                self.not_understood();
                break;
            }
        }
        Ok(())
    }

    fn loop_variables(&mut self) {
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Sign(")") => return,
                Kind::Variable(name) => self.assign(name, Datum::unknown(CONDITION)),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// What is read from or called on a value, without knowing more about it.
    pub(super) fn accesses(&mut self, datum: Datum) -> Flow<Datum> {
        let mut datum = datum;
        loop {
            match self.kind() {
                Some(Kind::Sign("[")) => {
                    self.key()?;
                    datum = part_of(&datum);
                }
                Some(Kind::Sign("->" | "?->" | "::")) => datum = self.member(&datum)?,
                Some(Kind::Sign("(")) => {
                    self.arguments()?;
                    datum = Datum::unknown("calls a computed function");
                }
                _ => return Ok(datum),
            }
        }
    }

    fn member(&mut self, datum: &Datum) -> Flow<Datum> {
        self.at += 1;
        let name = match self.kind() {
            Some(Kind::Name(name) | Kind::Variable(name)) => name.clone(),
            Some(Kind::Sign("{")) => {
                self.skip_brackets();
                return Ok(part_of(datum));
            }
            Some(Kind::Sign("$")) => {
                self.skip_computed_name();
                return Ok(part_of(datum));
            }
            _ => return Ok(self.not_understood()),
        };
        self.at += 1;
        if self.is_sign(0, "(") {
            self.arguments()?;
            return Ok(Datum::Unknown(format!("calls {name}()")));
        }
        Ok(part_of(datum))
    }

    /// A constant by its bare name.
    pub(super) fn constant(&self, name: &str) -> Datum {
        let name = name.trim_start_matches('\\');
        match name.to_ascii_lowercase().as_str() {
            "true" => return Datum::Boolean(true),
            "false" => return Datum::Boolean(false),
            "null" => return Datum::Null,
            "__line__" => return Datum::Integer(i64::from(self.place().line)),
            "__file__" => return Datum::Text(self.file.display().to_string()),
            "__dir__" => {
                return Datum::Text(paths::dirname(&self.file.display().to_string(), 1));
            }
            _ => {}
        }
        match name {
            "DIRECTORY_SEPARATOR" => return Datum::Text("/".to_owned()),
            "PATH_SEPARATOR" => return Datum::Text(":".to_owned()),
            "PHP_EOL" => return Datum::Text("\n".to_owned()),
            _ if name.starts_with("MYSQLI_") => return Datum::Symbol(name.to_owned()),
            _ => {}
        }
        let state = &self.reader.state;
        let inner = self.qualified(name);
        let name = if state.is_defined(&inner) == Some(true) { &inner } else { name };
        match state.constant(name) {
            Some(definition) => definition.datum(),
            None => Datum::Symbol(name.to_owned()),
        }
    }

    /// `exit` ends the reading only where no condition is around it: else there is no site.
    pub(super) fn exit(&mut self) -> Flow<Datum> {
        if self.is_sign(0, "(") {
            self.arguments()?;
        }
        if self.mode() == Mode::Certain && self.position.branches == 0 {
            return Err(Halt::Stop);
        }
        Ok(Datum::unknown("ends the script"))
    }
}

fn part_of(datum: &Datum) -> Datum {
    match datum {
        Datum::Unknown(why) => Datum::unknown(why),
        _ => Datum::unknown("is a part of another value"),
    }
}

/// Whether an entry of `$_SERVER` comes from the web server, not from the environment.
fn describes_request(key: &str) -> bool {
    const PREFIXES: &str = "HTTP_ REQUEST_ REMOTE_ SCRIPT_ PATH_ PHP_ CONTENT_ DOCUMENT_ CONTEXT_";
    const NAMES: &str = "HTTPS SERVER_NAME SERVER_PORT SERVER_ADDR SERVER_PROTOCOL \
        SERVER_SOFTWARE SERVER_ADMIN SERVER_SIGNATURE QUERY_STRING GATEWAY_INTERFACE \
        ORIG_PATH_INFO argc argv";
    NAMES.split(' ').any(|name| name == key)
        || PREFIXES.split(' ').any(|prefix| key.starts_with(prefix))
}
