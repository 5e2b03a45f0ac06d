//! Where a list goes on: a place in it, which only the list that gave it takes back.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use causeway_engine::{Place, UnixMillis};
use sha2::{Digest as _, Sha256};

use crate::{Kind, Refusal};

/// The first byte. Another number is another meaning of the rest.
const VERSION: u8 = 1;
const BOUND: usize = 8;
const CHECK: usize = 8;

/// What a cursor belongs to: a list and its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding([u8; BOUND]);

impl Binding {
    /// Belongs to a list with these filters.
    pub(crate) fn to(list: &str, filters: &str) -> Self {
        Self(digest(&[list.as_bytes(), &[0], filters.as_bytes()]))
    }

    /// The text that brings whoever asks with it to this place.
    pub(crate) fn write(self, place: &Place) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.0);
        bytes.extend(place.created_at.as_millis().to_be_bytes());
        bytes.extend(place.key.as_bytes());
        let check: [u8; CHECK] = digest(&[b"cursor", &bytes]);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a text stands for.
    pub(crate) fn read(self, text: &str) -> Result<Place, Refusal> {
        self.place(text).ok_or_else(|| {
            let detail = "take the `next` of a page of this very list, with the same filters";
            Refusal::new(Kind::BadCursor, detail).field("cursor", "it is none of this list")
        })
    }

    fn place(self, text: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, check) = bytes.split_last_chunk::<CHECK>()?;
        if *check != digest(&[b"cursor", body]) {
            return None;
        }
        let rest = body.strip_prefix(&[VERSION])?;
        let (bound, rest) = rest.split_first_chunk::<BOUND>()?;
        let (created_at, key) = rest.split_first_chunk::<8>()?;
        (*bound == self.0).then_some(())?;
        Some(Place {
            created_at: UnixMillis::from_millis(i64::from_be_bytes(*created_at)),
            key: String::from_utf8(key.to_vec()).ok()?,
        })
    }
}

fn digest<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let hash = hash.finalize();
    let mut first = [0; N];
    first.copy_from_slice(&hash[..N]);
    first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(created_at: i64, key: &str) -> Place {
        Place {
            created_at: UnixMillis::from_millis(created_at),
            key: key.to_owned(),
        }
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(at in any::<i64>(), key in ".{0,80}") {
            let binding = Binding::to("packets", "all");
            let place = place(at, &key);
            prop_assert_eq!(binding.read(&binding.write(&place)), Ok(place));
        }

        #[test]
        fn a_cursor_that_was_changed_is_refused(
            at in any::<i64>(), key in "[a-z/0-9]{1,40}", index in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]"
        ) {
            let binding = Binding::to("packets", "all");
            let text = binding.write(&place(at, &key));
            let index = index.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(index..=index, &to);
            prop_assume!(changed != text);
            prop_assert_eq!(binding.read(&changed).unwrap_err().kind(), Kind::BadCursor);
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in ".{0,120}") {
            let binding = Binding::to("packets", "all");
            prop_assert_eq!(binding.read(&text).unwrap_err().kind(), Kind::BadCursor);
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_of_other_filters_is_refused() {
        let text = Binding::to("packets", "from a").write(&place(1, "key"));
        for other in [
            Binding::to("packets", "from b"),
            Binding::to("swaps", "from a"),
        ] {
            assert_eq!(other.read(&text).unwrap_err().kind(), Kind::BadCursor);
        }
    }
}
