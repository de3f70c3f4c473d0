//! Statements and declarations.

use super::lexer::Kind;
use super::reader::{Flow, Halt};
use super::state::Mode;
use super::walk::Walk;

impl Walk<'_, '_> {
    pub(super) fn statement(&mut self) -> Flow<()> {
        if self.deeper(Self::any_statement)?.is_none() {
            self.unreadable();
        }
        Ok(())
    }

    fn any_statement(&mut self) -> Flow<()> {
        match self.kind() {
            Some(Kind::Sign(";")) => self.at += 1,
            Some(Kind::Sign("{")) => self.block()?,
            Some(Kind::Sign("#[")) => {
                self.skip_brackets();
            }
            Some(Kind::Sign("}")) => {
                self.unreadable();
                self.at += 1;
            }
            Some(Kind::Name(name)) => self.keyword(&name.to_ascii_lowercase())?,
            _ => self.expression_statement()?,
        }
        Ok(())
    }

    fn keyword(&mut self, word: &str) -> Flow<()> {
        match (word, self.kind_after(1)) {
            ("if", Some(Kind::Sign("("))) => self.if_statement(),
            ("while" | "for" | "foreach", Some(Kind::Sign("("))) => self.loop_statement(word),
            ("do", _) => self.do_statement(),
            ("switch", Some(Kind::Sign("("))) => self.switch_statement(),
            ("try", Some(Kind::Sign("{"))) => self.try_statement(),
            ("const", Some(Kind::Name(_))) => self.const_statement(),
            ("namespace", Some(Kind::Name(_) | Kind::Sign("{"))) => self.namespace_statement(),
            ("return", _) => self.return_statement(),
            ("goto", _) => {
                self.doubt();
                self.skip_statement();
                Ok(())
            }
            ("echo", _) => self.echo_statement(),
            ("case", _) => self.case_label(),
            ("default", Some(Kind::Sign(":" | ";"))) => {
                self.at += 2;
                Ok(())
            }
            ("use" | "break" | "continue" | "global", _) => {
                self.skip_statement();
                Ok(())
            }
            ("declare", Some(Kind::Sign("("))) => {
                self.at += 1;
                self.skip_brackets();
                Ok(())
            }
            ("static", Some(Kind::Variable(_))) => {
                self.at += 1;
                self.expression_statement()
            }
            (_, Some(Kind::Sign(":"))) => {
                // A label: a goto may come here or leave out what stands above.
                self.at += 2;
                self.doubt();
                Ok(())
            }
            _ if self.is_declaration(word) => {
                self.declaration();
                Ok(())
            }
            _ => self.expression_statement(),
        }
    }

    fn is_declaration(&self, word: &str) -> bool {
        let named = |ahead| matches!(self.kind_after(ahead), Some(Kind::Name(_)));
        match word {
            "function" => named(1) || (self.is_sign(1, "&") && named(2)),
            "class" | "interface" | "trait" | "enum" | "abstract" | "final" | "readonly" => {
                named(1)
            }
            _ => false,
        }
    }

    /// A function, class and the like: it defines nothing before it is used.
    fn declaration(&mut self) {
        while matches!(self.kind_after(1), Some(Kind::Name(_) | Kind::Sign("&"))) {
            let keyword = self.word(0).unwrap_or_default();
            self.at += 1;
            if ["function", "class", "interface", "trait", "enum"].contains(&keyword.as_str()) {
                break;
            }
        }
        self.take("&");
        let name = self.word(0).unwrap_or_default();
        let body = self.skip_to_body();
        if body.is_empty() {
            self.unreadable();
        } else if self.may_define(body) {
            self.reader.state.declare_defining(&name);
        }
    }

    fn block(&mut self) -> Flow<()> {
        self.at += 1;
        while !self.take("}") {
            if self.kind().is_none() {
                self.unreadable();
                break;
            }
            self.statement()?;
        }
        Ok(())
    }

    fn const_statement(&mut self) -> Flow<()> {
        loop {
            self.at += 1;
            let place = self.place();
            let Some(Kind::Name(name)) = self.kind() else {
                break;
            };
            self.at += 1;
            if !self.take("=") {
                break;
            }
            let start = self.at;
            let datum = self.expression(0)?;
            if self.at > start && (self.is_sign(0, ",") || self.is_sign(0, ";")) {
                let (name, mode) = (self.qualified(name), self.mode());
                self.reader.state.define(name, datum, place, mode);
            }
            if !self.is_sign(0, ",") {
                break;
            }
        }
        self.end_statement();
        Ok(())
    }

    /// A name as a `const` in this namespace declares it.
    pub(super) fn qualified(&self, name: &str) -> String {
        if self.namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{}\\{name}", self.namespace)
        }
    }

    fn namespace_statement(&mut self) -> Flow<()> {
        self.at += 1;
        self.namespace.clear();
        if let Some(Kind::Name(name)) = self.kind() {
            self.namespace.clone_from(name);
            self.at += 1;
        }
        if self.is_sign(0, "{") {
            return self.block();
        }
        self.end_statement();
        Ok(())
    }

    fn return_statement(&mut self) -> Flow<()> {
        self.at += 1;
        if !self.is_sign(0, ";") {
            self.expression(0)?;
        }
        self.end_statement();
        if self.mode() == Mode::Certain {
            return Err(Halt::Return);
        }
        self.doubt();
        Ok(())
    }

    fn echo_statement(&mut self) -> Flow<()> {
        self.at += 1;
        self.expression(0)?;
        while self.take(",") {
            self.expression(0)?;
        }
        self.end_statement();
        Ok(())
    }

    fn expression_statement(&mut self) -> Flow<()> {
        self.expression(0)?;
        self.end_statement();
        Ok(())
    }

    pub(super) fn end_statement(&mut self) {
        if !self.take(";") {
            self.unreadable();
        }
    }

    pub(super) fn unreadable(&mut self) {
        self.not_understood();
        self.skip_statement();
    }

    /// Skips behind the next `;`, or to the end of the block.
    fn skip_statement(&mut self) {
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Sign("(" | "[" | "{" | "#[") => {
                    self.skip_brackets();
                }
                Kind::Sign("}") => return,
                Kind::Sign(";") => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }
}
