//! Message ids, and the mails that a mail answers (RFC 5322, section 3.6.4).

use crate::header::Header;
use crate::limits::{ANSWERS, MESSAGE_ID_CHARS};
use crate::words;

/// The ids in a text: what stands between `<` and `>`, and, where nothing does,
/// the words with an `@`.
fn ids(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((id, after)) = after.split_once('>') else {
            found.extend(clean(after));
            break;
        };
        // `<<id>`: the last bracket counts.
        found.extend(clean(id.rsplit('<').next().unwrap_or_default()));
        rest = after;
    }
    if found.is_empty() {
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"'));
        found.extend(words.filter(|word| word.contains('@')).filter_map(clean));
    }
    found
}

/// An id without blanks from folding and without control characters.
fn clean(id: &str) -> Option<String> {
    let id: String = id
        .chars()
        .filter(|c| !c.is_whitespace() && !words::is_unprintable(*c) && !matches!(c, '<' | '>'))
        .take(MESSAGE_ID_CHARS)
        .collect();
    (!id.is_empty()).then_some(id)
}

/// The id that a value holds: the first one in brackets, or all of it.
pub(crate) fn id(value: &str) -> Option<String> {
    ids(value).into_iter().next().or_else(|| clean(value))
}

/// The id of a mail, the first that is not empty.
pub(crate) fn own_id(header: Header<'_, '_>) -> Option<String> {
    header
        .all("Message-ID")
        .find_map(|value| id(&words::unfold(value, None)))
}

/// The ids that a mail answers, the nearest first: `In-Reply-To`, then `References`
/// from its end; none twice.
pub(crate) fn answers(header: Header<'_, '_>) -> Vec<String> {
    let mut answers: Vec<String> = Vec::new();
    let direct = header
        .all("In-Reply-To")
        .flat_map(|value| ids(&words::unfold(value, None)));
    let references: Vec<String> = header
        .all("References")
        .flat_map(|value| ids(&words::unfold(value, None)))
        .collect();
    for id in direct.chain(references.into_iter().rev()) {
        if answers.len() >= ANSWERS {
            break;
        }
        if !answers.contains(&id) {
            answers.push(id);
        }
    }
    answers
}
