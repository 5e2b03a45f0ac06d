//! Overrides from the environment: `CAUSEWAY__SECTION__KEY=value`.
//!
//! They are laid onto the parsed file before it is read into the structs, so an override obeys
//! exactly the rules of the file, unknown keys included.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{ConfigError, Problem};

const PREFIX: &str = "CAUSEWAY__";

/// Which variable set which key, by the key's path.
pub(super) type Origins = BTreeMap<String, String>;

/// Lays the variables onto the table, in the order of their names.
pub(super) fn apply(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Origins, ConfigError> {
    let sorted: BTreeMap<String, String> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let mut origins = Origins::new();
    for (name, text) in sorted {
        let keys: Vec<String> = name[PREFIX.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        let path = set(table, &keys, parse_value(&text)).map_err(|reason| ConfigError {
            field: None,
            problem: Problem::Override { reason },
            variable: Some(name.clone()),
        })?;
        origins.insert(path, name);
    }
    Ok(origins)
}

/// A TOML value if it reads as one, the plain text otherwise: nobody wants to quote
/// `CAUSEWAY__LISTEN=127.0.0.1:7200`.
fn parse_value(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| {
            if table.len() == 1 {
                table.remove("value")
            } else {
                None
            }
        })
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Sets the value, making the tables on the way; answers the path in the form of the error messages.
fn set(table: &mut Table, keys: &[String], value: Value) -> Result<String, &'static str> {
    let (first, rest) = keys.split_first().ok_or("the variable names no key")?;
    if keys.iter().any(String::is_empty) {
        return Err("the variable has an empty part between its underscores");
    }
    let mut path = first.clone();
    let mut slot = table
        .entry(first.clone())
        .or_insert_with(|| Value::Table(Table::new()));
    for key in rest {
        slot = match slot {
            Value::Array(entries) => {
                let index = index_of(entries, key)?;
                path = format!("{path}[{index}]");
                entries.get_mut(index).ok_or("the list has no such entry")?
            }
            Value::Table(inner) => {
                path = format!("{path}.{key}");
                inner
                    .entry(key.clone())
                    .or_insert_with(|| Value::Table(Table::new()))
            }
            plain => {
                path = format!("{path}.{key}");
                *plain = Value::Table(Table::new());
                let Value::Table(inner) = plain else {
                    return Err("the variable names no key");
                };
                inner
                    .entry(key.clone())
                    .or_insert_with(|| Value::Table(Table::new()))
            }
        };
    }
    *slot = value;
    Ok(path)
}

/// The entry of a list, by its number or by its `name`.
fn index_of(entries: &[Value], key: &str) -> Result<usize, &'static str> {
    if let Ok(index) = key.parse() {
        return Ok(index);
    }
    entries
        .iter()
        .position(|entry| {
            entry
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|n| n.eq_ignore_ascii_case(key))
        })
        .ok_or("the list has no entry of that number or name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overridden(file: &str, variables: &[(&str, &str)]) -> Result<(Table, Origins), ConfigError> {
        let mut table: Table = file.parse().unwrap();
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let origins = apply(&mut table, variables)?;
        Ok((table, origins))
    }

    #[test]
    fn a_variable_replaces_the_value_of_the_file() {
        let (table, origins) = overridden(
            "[relayer]\nbatch = 50\n[[chains]]\nname = \"alpha\"\nagreement = 1\n",
            &[
                ("CAUSEWAY__RELAYER__BATCH", "20"),
                ("CAUSEWAY__CHAINS__ALPHA__AGREEMENT", "2"),
                (
                    "CAUSEWAY__CHAINS__0__ENDPOINTS",
                    "[\"http://a\", \"http://b\"]",
                ),
                ("CAUSEWAY__LISTEN", "127.0.0.1:7200"),
                ("CAUSEWAY_CONFIG", "elsewhere.toml"),
            ],
        )
        .unwrap();
        let expected = "listen = \"127.0.0.1:7200\"\n[relayer]\nbatch = 20\n[[chains]]\n\
            name = \"alpha\"\nagreement = 2\nendpoints = [\"http://a\", \"http://b\"]\n";
        assert_eq!(table, expected.parse::<Table>().unwrap());
        assert_eq!(
            origins["chains[0].agreement"],
            "CAUSEWAY__CHAINS__ALPHA__AGREEMENT"
        );
    }

    #[test]
    fn a_variable_cannot_smuggle_a_second_key() {
        let (table, _) = overridden("", &[("CAUSEWAY__STORE", "1\ndev = true")]).unwrap();
        assert_eq!(table["store"].as_str(), Some("1\ndev = true"));
        assert!(!table.contains_key("dev"));
    }

    #[test]
    fn entries_that_do_not_exist_are_refused() {
        for name in [
            "CAUSEWAY__CHAINS__7__ID",
            "CAUSEWAY__CHAINS__BETA__ID",
            "CAUSEWAY____ID",
            "CAUSEWAY__",
        ] {
            assert!(
                overridden("[[chains]]\nname = \"alpha\"\n", &[(name, "x")]).is_err(),
                "{name}"
            );
        }
    }
}
