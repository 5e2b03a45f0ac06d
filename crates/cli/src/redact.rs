//! Keeps secrets out of everything that is printed.

use url::Url;

/// The text with the secret parts of its URLs and everything that could be a private key masked.
pub(crate) fn redact(text: &str) -> String {
    mask_keys(&redact_urls(text))
}

/// The text with the secret parts of its URLs masked: RPC providers put their keys into the path,
/// the query or the user part.
pub(crate) fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = rest[..at]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .map_or(0, |i| {
                i + rest[i..].chars().next().map_or(1, char::len_utf8)
            });
        let quoted = |text: &str| text.find('"').unwrap_or(text.len());
        let end = at
            + rest[at..]
                .find(|c: char| c.is_whitespace() || "\"`'".contains(c))
                .unwrap_or(rest.len() - at);
        out.push_str(&rest[..start]);
        // What stands behind a URL in a sentence is not part of it.
        let url = rest[start..end].trim_end_matches(|c| ".,:;)>".contains(c));
        if let Ok(parsed) = url.parse::<Url>() {
            out.push_str(&redact_url(&parsed));
            rest = &rest[start + url.len()..];
        } else {
            // Nobody knows where a broken URL ends, so more is masked rather than less.
            out.push_str(&rest[start..at + 3]);
            out.push('…');
            rest = &rest[at + quoted(&rest[at..])..];
        }
    }
    out.push_str(rest);
    out
}

/// A URL as it may be shown.
pub(crate) fn redact_url(url: &Url) -> String {
    let mut out = format!("{}://", url.scheme());
    if !url.username().is_empty() || url.password().is_some() {
        out.push_str("…@");
    }
    out.push_str(url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        out.push(':');
        out.push_str(&port.to_string());
    }
    let path: Vec<&str> = url
        .path()
        .split('/')
        // A local file's path is no secret; a long word in a provider's path is its key.
        .map(|part| {
            if part.len() >= 16 && !url.scheme().starts_with("sqlite") {
                "…"
            } else {
                part
            }
        })
        .collect();
    let path = path.join("/");
    if path != "/" {
        out.push_str(&path);
    }
    if url.query().is_some() {
        out.push_str("?…");
    }
    out
}

/// Replaces every run of 64 or more hexadecimal digits.
fn mask_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        out.push_str(if run.len() >= 64 { "…" } else { run });
        run.clear();
    };
    for c in text.chars() {
        if c.is_ascii_hexdigit() {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_masked_and_the_rest_is_kept() {
        for (text, shown) in [
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
            (
                "cannot reach wss://eth.example.org/v3/0123456789abcdef0123: refused",
                "cannot reach wss://eth.example.org/v3/…: refused",
            ),
            (
                "\"https://me:secret@node.example.org/\", twice",
                "\"https://…@node.example.org\", twice",
            ),
            (
                "https://node.example.org/?apikey=secret",
                "https://node.example.org?…",
            ),
            (
                "é(https://a.example.org/rpc) and http://b.example.org.",
                "é(https://a.example.org/rpc) and http://b.example.org.",
            ),
            ("http://[oops secret", "http://…"),
            ("\"http://u:1,secret@a.org\"", "\"http://…@a.org\""),
        ] {
            assert_eq!(redact(text), shown);
        }
    }

    #[test]
    fn whatever_could_be_a_private_key_is_masked() {
        let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        assert_eq!(redact(&format!("found 0x{key}.")), "found 0x….");
        assert_eq!(
            redact("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        );
    }
}
