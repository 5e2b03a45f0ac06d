//! What no Rust file of ours holds, whatever the compiler accepts.

use super::{
    Finding, TextFile,
    files::{code_of, word_in},
};

/// Macros that mark what is not finished (written so that this file does not hold them).
const UNFINISHED: [&str; 3] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("d", "bg!"),
];

/// How lines at the left edge of a library's first file may begin: it lists modules and what they
/// offer, and holds none of it itself.
const LISTING: [&str; 13] = [
    "//",
    "#",
    "}",
    ")",
    "]",
    "mod ",
    "pub mod ",
    "pub(crate) mod ",
    "use ",
    "pub use ",
    "pub(crate) use ",
    "extern crate ",
    " ",
];

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let code = code_of(line);
        for unfinished in UNFINISHED {
            if word_in(code, unfinished) {
                findings.push(Finding::line(
                    &file.path,
                    number,
                    format!("{unfinished} is not finished work"),
                ));
            }
        }
    }
    for (number, code) in file.program_lines() {
        if has_string_error(code) {
            let message = "an error without a type: make it an enum that carries what was expected and what came";
            findings.push(Finding::line(&file.path, number, message));
        }
    }
    findings
}

/// Only modules, what is re-exported from them, and documentation.
pub(super) fn check_library_root(file: &TextFile) -> Option<Finding> {
    let (number, _) = file.lines().find(|(_, line)| {
        let listed = line.is_empty() || LISTING.iter().any(|beginning| line.starts_with(beginning));
        let inline_module = line.contains("mod ") && line.ends_with('{') && !line.starts_with("//");
        !listed || inline_module
    })?;
    let message = "the first file of a library lists its modules and what they offer: move this into a module";
    Some(Finding::line(&file.path, number, message))
}

/// Whether the line names a `Result` whose error is a string.
fn has_string_error(code: &str) -> bool {
    const RESULT: &str = "Result<";
    code.match_indices(RESULT).any(|(at, _)| {
        let error = last_argument(&code[at + RESULT.len()..]);
        error.is_some_and(|error| error.trim() == "String")
    })
}

/// The last of at least two generic arguments, of a list that begins after its `<`.
fn last_argument(list: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut last_comma = None;
    let mut previous = ' ';
    for (at, c) in list.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if previous == '-' => {}
            '>' if depth == 0 => return last_comma.map(|comma| &list[comma + 1..at]),
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => last_comma = Some(at),
            _ => {}
        }
        previous = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile {
            path: "crates/a/src/lib.rs".into(),
            text: text.into(),
        }
    }

    #[test]
    fn errors_that_are_strings_are_found() {
        let result = |arguments: &str| format!("fn a() -> {}<{arguments}> {{", "Result");
        for arguments in [
            "(), String",
            "Vec<(u8, String)>, String",
            "fn(u8) -> u8, String",
        ] {
            assert!(has_string_error(&result(arguments)), "{arguments}");
        }
        for arguments in [
            "String",
            "String, Error",
            "(u8, String)",
            "HashMap<u8, String>, Error",
        ] {
            assert!(!has_string_error(&result(arguments)), "{arguments}");
        }
    }

    #[test]
    fn unfinished_work_is_found_unless_a_comment_speaks_of_it() {
        assert_eq!(check(&file(&format!("    {}()\n", UNFINISHED[0]))).len(), 1);
        assert_eq!(
            check(&file(&format!("    // no {}()\n", UNFINISHED[0]))).len(),
            0
        );
    }

    #[test]
    fn a_library_root_that_does_more_than_list_is_found() {
        let listing =
            "//! What it is.\n\nmod a;\n#[cfg(test)]\nmod b;\n\npub use a::{\n    A,\n    B,\n};\n";
        assert_eq!(check_library_root(&file(listing)), None);
        for more in [
            "pub fn a() {}\n",
            "const A: u8 = 1;\n",
            "mod a {\n}\n",
            "sol! {\n}\n",
        ] {
            let found = check_library_root(&file(&format!("mod b;\n{more}")));
            assert_eq!(found.and_then(|finding| finding.line), Some(2), "{more}");
        }
    }
}
