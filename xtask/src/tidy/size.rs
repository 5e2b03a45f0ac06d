//! A file is read in one sitting.

use super::{Finding, Findings, TextFile};

const SHOULD: usize = 400;
const MUST: usize = 800;

pub(super) fn check(file: &TextFile, findings: &mut Findings) {
    if !(file.is_rust() || file.has_extension("sol")) || file.is_generated() {
        return;
    }
    let lines = file.text.lines().count();
    if lines > MUST {
        let message = format!("{lines} lines, {MUST} at most: split it by what its parts do");
        findings.broken.push(Finding::file(&file.path, message));
    } else if lines > SHOULD {
        findings.warnings.push(Finding::file(
            &file.path,
            format!("{lines} lines, about {SHOULD} is enough"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(lines: usize, head: &str) -> (usize, usize) {
        let text = format!("{head}{}", "x\n".repeat(lines));
        let mut findings = Findings::default();
        check(
            &TextFile {
                path: "a.sol".into(),
                text,
            },
            &mut findings,
        );
        (findings.broken.len(), findings.warnings.len())
    }

    #[test]
    fn long_files_are_warned_about_and_longer_ones_refused() {
        assert_eq!(findings(400, ""), (0, 0));
        assert_eq!(findings(401, ""), (0, 1));
        assert_eq!(findings(801, ""), (1, 0));
        assert_eq!(findings(801, "// @generated\n"), (0, 0));
    }
}
