//! `.env` files as phpdotenv, the one Bedrock uses, reads them.

use std::collections::BTreeMap;

/// The variables of a file; `None` where the value is not in a form phpdotenv accepts.
pub(super) type Variables = BTreeMap<String, Option<String>>;

/// Longer values are refused: variables that double each other must not exhaust the memory.
const LONGEST: usize = 64 * 1024;

/// Adds the variables of one file; a later line or file overrides an earlier one.
pub(super) fn read(text: &str, environment: &BTreeMap<String, String>, variables: &mut Variables) {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while !rest.is_empty() {
        let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        let mut after = &rest[line.len()..];
        if let Some((name, value)) = assignment(line) {
            let values = Known { environment, variables };
            let value = match value.strip_prefix('"') {
                // Only a quoted value may span lines.
                Some(inner) => {
                    let start = line.len() - inner.len();
                    let (value, end) = values.double_quoted(&rest[start..]);
                    after = value.as_ref().map_or(after, |_| &rest[start + end..]);
                    value
                }
                None => values.single_line(value),
            };
            variables.insert(name.to_owned(), value.filter(|text| text.len() <= LONGEST));
        }
        rest = after.trim_start();
    }
}

/// The name and the untouched value of a line; `None` for comments and what is no assignment.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let name = match name.strip_prefix("export") {
        Some(exported) if exported.starts_with([' ', '\t']) => exported.trim_start(),
        _ => name,
    };
    let name = name.trim_matches(['"', '\'']);
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    (!name.is_empty() && name.bytes().all(valid)).then_some((name, value.trim()))
}

/// What `${NAME}` may refer to: the environment first, then what stands above.
struct Known<'a> {
    environment: &'a BTreeMap<String, String>,
    variables: &'a Variables,
}

impl Known<'_> {
    /// A value without double quotes.
    fn single_line(&self, value: &str) -> Option<String> {
        if let Some(inner) = value.strip_prefix('\'') {
            let (text, after) = inner.split_once('\'')?;
            return is_comment(after).then(|| text.to_owned());
        }
        // phpdotenv takes a # for a comment even without a space before it.
        let value = value.split('#').next().unwrap_or_default().trim_end();
        let one_word = !value.contains(char::is_whitespace);
        one_word.then(|| self.expanded(value)).flatten()
    }

    /// A value after its opening quote, and where it ends.
    fn double_quoted(&self, text: &str) -> (Option<String>, usize) {
        let mut value = String::new();
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            at += character.len_utf8();
            match character {
                '"' => {
                    let rest = text[at..].split(['\n', '\r']).next().unwrap_or_default();
                    return (Some(value).filter(|_| is_comment(rest)), at + rest.len());
                }
                '\\' => {
                    let Some(escaped) = text[at..].chars().next().and_then(escape) else {
                        return (None, 0);
                    };
                    value.push(escaped);
                    at += 1;
                }
                '$' => match self.reference(&text[at..]) {
                    Some((Some(referred), length)) if value.len() <= LONGEST => {
                        value.push_str(&referred);
                        at += length;
                    }
                    Some(_) => return (None, 0),
                    None => value.push('$'),
                },
                _ => value.push(character),
            }
        }
        (None, 0)
    }

    fn expanded(&self, text: &str) -> Option<String> {
        let mut pieces = text.split('$');
        let mut value = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            match self.reference(piece) {
                Some((referred, length)) => {
                    value.push_str(&referred.filter(|_| value.len() <= LONGEST)?);
                    value.push_str(&piece[length..]);
                }
                None => value = value + "$" + piece,
            }
        }
        Some(value)
    }

    /// The `{NAME}` after a `$`: its value and length. Unset names stay as they are written.
    fn reference(&self, text: &str) -> Option<(Option<String>, usize)> {
        let inner = text.strip_prefix('{')?;
        let name =
            &inner[..inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')?];
        inner[name.len()..].strip_prefix('}')?;
        let value = match self.environment.get(name) {
            Some(value) => Some(value.clone()),
            None => self.variables.get(name)?.clone(),
        };
        Some((value, name.len() + 2))
    }
}

fn escape(escaped: char) -> Option<char> {
    match escaped {
        '"' | '\\' | '$' => Some(escaped),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'f' => Some('\u{0c}'),
        'v' => Some('\u{0b}'),
        _ => None,
    }
}

fn is_comment(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        let environment = BTreeMap::from([("OUTSIDE".to_owned(), "o".to_owned())]);
        let mut variables = Variables::new();
        read(text, &environment, &mut variables);
        variables.remove(name).expect("the variable is assigned")
    }

    #[test]
    fn plain_values_are_trimmed_and_lose_their_comment() {
        assert_eq!(value("\u{feff}A = x y\r\nB=  z  # c\r\n", "B").as_deref(), Some("z"));
        assert_eq!(value("export\tA=x#y", "A").as_deref(), Some("x"));
        assert_eq!(value("A=", "A").as_deref(), Some(""));
        assert_eq!(value("# A=1\nA=2\nA=3", "A").as_deref(), Some("3"));
    }

    #[test]
    fn single_quotes_keep_everything() {
        assert_eq!(value(r"A='a\n#$ ${OUTSIDE}' # c", "A").as_deref(), Some(r"a\n#$ ${OUTSIDE}"));
    }

    #[test]
    fn double_quotes_know_escapes_and_span_lines() {
        assert_eq!(value("A=\"a\\\"\\n\\$#\nb\" # c\nB=1", "A").as_deref(), Some("a\"\n$#\nb"));
        assert_eq!(value("A=\"a\nb\"\nB=1", "B").as_deref(), Some("1"));
    }

    #[test]
    fn references_are_expanded_from_outside_and_above() {
        assert_eq!(value("B=b\nA=${OUTSIDE}-${B}-${C}-$B", "A").as_deref(), Some("o-b-${C}-$B"));
        assert_eq!(value("B=b\nA=\"${B} \\${B}\"", "A").as_deref(), Some("b ${B}"));
    }

    #[test]
    fn what_phpdotenv_refuses_has_no_value() {
        for line in ["A=two words", "A='open", "A=\"open", "A='a'b", "A=\"\\q\""] {
            assert_eq!(value(&format!("{line}\nB=1"), "A"), None, "{line}");
            assert_eq!(value(&format!("{line}\nB=1"), "B").as_deref(), Some("1"), "{line}");
        }
    }

    #[test]
    fn references_that_double_do_not_grow_without_bound() {
        let lines: String = (1..40).fold("A0=xxxxxxxx\n".to_owned(), |lines, n| {
            format!("{lines}A{n}=${{A{m}}}${{A{m}}}\n", m = n - 1)
        });
        assert_eq!(value(&lines, "A39"), None);
    }
}
