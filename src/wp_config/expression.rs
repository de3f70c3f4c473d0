//! Expressions: operators in PHP's order of precedence, evaluated while they are read.

use super::branches::both;
use super::lexer::Kind;
use super::reader::Flow;
use super::state::Mode;
use super::value::{CONDITION, Datum};
use super::walk::Walk;

/// The binding power of an assignment's right side and of a ternary's branches.
pub(super) const ASSIGNED: u8 = 4;
const TERNARY: u8 = 7;
const COALESCE: u8 = 8;
/// What `!`, `-`, `@` and casts apply to.
const OPERAND: u8 = 21;

impl Walk<'_, '_> {
    /// Evaluates operators that bind at least as strongly as `floor`.
    ///
    /// What is no expression is not consumed.
    pub(super) fn expression(&mut self, floor: u8) -> Flow<Datum> {
        let result = self.deeper(|walk| walk.operators(floor))?;
        Ok(result.unwrap_or_else(|| self.not_understood()))
    }

    fn operators(&mut self, floor: u8) -> Flow<Datum> {
        let mut left = self.prefix()?;
        while let Some((operator, power)) = self.infix().filter(|(_, power)| *power >= floor) {
            self.at += 1;
            left = self.apply(&left, operator, power)?;
        }
        Ok(left)
    }

    fn infix(&self) -> Option<(&'static str, u8)> {
        let operator = match self.kind()? {
            Kind::Sign(sign) => sign,
            Kind::Name(name) => *["or", "xor", "and", "instanceof"]
                .iter()
                .find(|operator| name.eq_ignore_ascii_case(operator))?,
            _ => return None,
        };
        let power = match operator {
            "or" => 1,
            "xor" => 2,
            "and" => 3,
            "?" => TERNARY,
            "??" => COALESCE,
            "||" => 9,
            "&&" => 10,
            "|" => 11,
            "^" => 12,
            "&" => 13,
            "==" | "!=" | "===" | "!==" | "<>" | "<=>" => 14,
            "<" | ">" | "<=" | ">=" => 15,
            "." => 16,
            "<<" | ">>" => 17,
            "+" | "-" => 18,
            "*" | "/" | "%" => 19,
            "instanceof" => 20,
            "**" => 22,
            _ => return None,
        };
        Some((operator, power))
    }

    fn apply(&mut self, left: &Datum, operator: &str, power: u8) -> Flow<Datum> {
        match operator {
            "?" => return self.ternary(left),
            "??" => return self.coalesce(left),
            "||" | "or" | "&&" | "and" => return self.logical(left, operator, power),
            _ => {}
        }
        let right = self.expression(power + 1)?;
        let compared = |equal: Option<bool>| decided(equal, left, &right);
        let negated = |equal: Option<bool>| decided(equal.map(|equal| !equal), left, &right);
        Ok(match operator {
            "." => left.concatenate(&right),
            "|" => left.bit_or(&right),
            "===" => compared(left.identical(&right)),
            "!==" => negated(left.identical(&right)),
            "==" => compared(left.equal(&right)),
            "!=" | "<>" => negated(left.equal(&right)),
            "xor" => compared(left.truth().zip(right.truth()).map(|(a, b)| a != b)),
            _ => decided(None, left, &right),
        })
    }

    fn logical(&mut self, left: &Datum, operator: &str, power: u8) -> Flow<Datum> {
        let conjunction = matches!(operator, "&&" | "and");
        let known = left.truth();
        let goes_on = known.map(|holds| holds == conjunction);
        let mode = self.mode().given(goes_on);
        let right = self.under(mode, |walk| walk.expression(power + 1))?;
        let not = |truth: Option<bool>| truth.map(|holds| !holds);
        let truth = match (goes_on, conjunction) {
            (Some(false), _) => known,
            (_, true) => both(known, right.truth()),
            (_, false) => not(both(not(known), not(right.truth()))),
        };
        Ok(decided(truth, left, &right))
    }

    fn ternary(&mut self, condition: &Datum) -> Flow<Datum> {
        let holds = condition.truth();
        let first = if self.is_sign(0, ":") {
            condition.clone()
        } else {
            self.under(self.mode().given(holds), |walk| walk.expression(ASSIGNED))?
        };
        if !self.take(":") {
            return Ok(self.not_understood());
        }
        let mode = self.mode().given(holds.map(|holds| !holds));
        let second = self.under(mode, |walk| walk.expression(COALESCE))?;
        Ok(match holds {
            Some(true) => first,
            Some(false) => second,
            None => Datum::unknown(CONDITION),
        })
    }

    fn coalesce(&mut self, left: &Datum) -> Flow<Datum> {
        let set = left.is_set();
        let mode = self.mode().given(set.map(|set| !set));
        let right = self.under(mode, |walk| walk.expression(COALESCE))?;
        Ok(match set {
            Some(true) => left.clone(),
            Some(false) => right,
            None => Datum::Unknown(left.reason()),
        })
    }

    fn prefix(&mut self) -> Flow<Datum> {
        let Some(Kind::Sign(sign)) = self.kind() else {
            return self.operand();
        };
        match *sign {
            "!" => {
                self.at += 1;
                let operand = self.expression(OPERAND - 1)?;
                Ok(decided(operand.truth().map(|truth| !truth), &operand, &operand))
            }
            "-" | "+" => {
                let negative = self.take("-") || !self.take("+");
                Ok(signed(&self.expression(OPERAND)?, negative))
            }
            "@" => {
                self.at += 1;
                self.expression(OPERAND)
            }
            "~" | "&" | "++" | "--" => {
                self.at += 1;
                self.changed_operand()
            }
            "(" => self.parentheses(),
            _ => self.operand(),
        }
    }

    /// The operand of `++`, `&` and the like: what it refers to is not known any more.
    fn changed_operand(&mut self) -> Flow<Datum> {
        if let Some(Kind::Variable(name)) = self.kind() {
            self.assign(name, Datum::unknown("is changed in place"));
        }
        self.expression(OPERAND)?;
        Ok(Datum::unknown("is computed"))
    }

    fn parentheses(&mut self) -> Flow<Datum> {
        self.at += 1;
        if let Some(cast) = self.word(0).filter(|_| self.is_sign(1, ")"))
            && CASTS.split(' ').any(|word| word == cast)
        {
            self.at += 2;
            return Ok(converted(self.expression(OPERAND)?, &cast));
        }
        let datum = self.expression(0)?;
        if !self.is_sign(0, ")") {
            return Ok(self.not_understood());
        }
        self.at += 1;
        self.accesses(datum)
    }

    /// Whether what comes next is an assignment.
    pub(super) fn assignment_operator(&self) -> Option<&'static str> {
        match self.kind() {
            Some(Kind::Sign(sign)) if ASSIGNMENTS.contains(sign) => Some(sign),
            _ => None,
        }
    }

    /// Assigns to a simple variable whose operator is at hand.
    pub(super) fn assignment(&mut self, name: &str, operator: &str) -> Flow<Datum> {
        let place = self.place();
        self.at += 1;
        let old = self.variable_value(name);
        let mode = match operator {
            "??=" => self.mode().given(old.is_set().map(|set| !set)),
            _ => self.mode(),
        };
        let right = self.under_same_branch(mode)?;
        let new = match (operator, old.is_set()) {
            ("=", _) | ("??=", Some(false)) => right,
            (".=", _) => old.concatenate(&right),
            ("??=", Some(true)) => old,
            _ => Datum::unknown("is computed"),
        };
        let mode = self.mode();
        self.reader.state.assign(name, new.clone(), place, mode);
        Ok(new)
    }

    /// The right side of an assignment, which is no branch unless its mode differs.
    fn under_same_branch(&mut self, mode: Mode) -> Flow<Datum> {
        if mode == self.mode() {
            self.expression(ASSIGNED)
        } else {
            self.under(mode, |walk| walk.expression(ASSIGNED))
        }
    }
}

const ASSIGNMENTS: &[&str] =
    &["=", ".=", "??=", "+=", "-=", "*=", "/=", "%=", "**=", "|=", "&=", "^=", "<<=", ">>="];

const CASTS: &str = "string binary int integer bool boolean float double array object";

/// A truth, or why it is not known.
fn decided(truth: Option<bool>, left: &Datum, right: &Datum) -> Datum {
    match truth {
        Some(truth) => Datum::Boolean(truth),
        None if left.truth().is_none() => Datum::Unknown(left.reason()),
        None => Datum::Unknown(right.reason()),
    }
}

fn signed(operand: &Datum, negative: bool) -> Datum {
    match operand {
        Datum::Integer(number) if negative => {
            number.checked_neg().map_or_else(|| Datum::unknown("is computed"), Datum::Integer)
        }
        Datum::Integer(number) => Datum::Integer(*number),
        other => Datum::Unknown(other.reason()),
    }
}

fn converted(datum: Datum, cast: &str) -> Datum {
    match (cast, &datum) {
        ("bool" | "boolean", _) => decided(datum.truth(), &datum, &datum),
        (_, Datum::Unset(_) | Datum::Unknown(_)) | ("int" | "integer", Datum::Integer(_)) => datum,
        ("string" | "binary", _) => datum.text().map_or_else(Datum::Unknown, Datum::Text),
        ("int" | "integer", Datum::Text(text)) => match text.trim().parse() {
            Ok(number) => Datum::Integer(number),
            Err(_) => Datum::unknown("is computed"),
        },
        _ => Datum::unknown("is computed"),
    }
}
