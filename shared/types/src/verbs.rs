//! What may be asked for by mail with a word at the beginning of a line: `#tomar`,
//! `#resolver`, … One list, which the letters print and the mailroom reads.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::command::{Command, Rejection, Setting, decide};
use crate::folding::folded;
use crate::permission::Actor;
use crate::problem::Problem;
use crate::reply::is_greeting;
use crate::ticket::{Event, Ticket, Visibility, apply_all};

/// A word that does something to the ticket that a mail answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Verb {
    Take,
    Contact,
    Hold,
    Resolve,
    Note,
    Report,
    Return,
    Leave,
}

/// For whom a verb is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Hand {
    /// The desk's people.
    Desk,
    /// Whom the ticket is escalated to.
    Officer,
    /// Who was copied.
    Observer,
}

/// Whether a verb says anything without a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Optional,
    /// What is missing without it, in Spanish.
    Needed(&'static str),
}

/// What is fixed of a verb.
struct Line {
    word: &'static str,
    hands: &'static [Hand],
    does: &'static str,
    done: &'static str,
    text: Text,
}

impl Verb {
    const fn line(self) -> Line {
        const fn line(
            word: &'static str,
            hands: &'static [Hand],
            does: &'static str,
            done: &'static str,
            text: Text,
        ) -> Line {
            Line {
                word,
                hands,
                does,
                done,
                text,
            }
        }
        use Hand::{Desk, Observer, Officer};
        match self {
            Verb::Take => line(
                "#tomar",
                &[Desk],
                "usted queda como responsable",
                "usted es ahora responsable de la solicitud.",
                Text::Optional,
            ),
            Verb::Contact => line(
                "#contacto",
                &[Desk],
                "registra que usted ya habló con el solicitante",
                "el contacto con el solicitante quedó registrado.",
                Text::Optional,
            ),
            Verb::Hold => line(
                "#espera",
                &[Desk],
                "pregunta al solicitante lo que sigue y detiene el tiempo de solución",
                "la solicitud está en espera y el solicitante recibe su pregunta.",
                Text::Needed("falta lo que se le pregunta al solicitante."),
            ),
            Verb::Resolve => line(
                "#resolver",
                &[Desk],
                "resuelve la solicitud con la solución que sigue",
                "la solicitud quedó resuelta y el solicitante recibe la solución.",
                Text::Needed("falta la solución."),
            ),
            Verb::Note => line(
                "#nota",
                &[Desk, Officer],
                "guarda lo que sigue como nota interna; el solicitante no la ve",
                "quedó como nota interna; el solicitante no la ve.",
                Text::Needed("falta el texto."),
            ),
            Verb::Report => line(
                "#solucion",
                &[Officer],
                "reporta a la Mesa de Ayuda la solución que sigue",
                "la Mesa de Ayuda recibe su solución.",
                Text::Optional,
            ),
            Verb::Return => line(
                "#devolver",
                &[Officer],
                "devuelve la solicitud a la Mesa de Ayuda, con la razón que sigue",
                "la solicitud volvió a la Mesa de Ayuda.",
                Text::Needed("falta la razón."),
            ),
            Verb::Leave => line(
                "#salir",
                &[Observer],
                "usted deja de recibir los correos de esta solicitud",
                "usted ya no recibe los correos de la solicitud.",
                Text::Optional,
            ),
        }
    }

    /// The verb as it is written.
    pub const fn word(self) -> &'static str {
        self.line().word
    }

    /// What it does, said before it is done, in Spanish.
    pub const fn does(self) -> &'static str {
        self.line().does
    }

    /// The verbs that a notice to `hand` takes.
    pub fn of(hand: Hand) -> impl Iterator<Item = Verb> {
        let all = Verb::VARIANTS.iter().copied();
        all.filter(move |verb| verb.line().hands.contains(&hand))
    }
}

/// What stands behind a word, up to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The verb, or the word that is none.
    pub verb: Result<Verb, String>,
    pub text: String,
}

/// A mail's text, by its verbs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// All of it.
    pub whole: String,
    /// What stands before the first, without a mere greeting.
    pub before: String,
    pub asked: Vec<Asked>,
}

impl Written {
    /// Reads the verbs at the beginnings of lines: with or without accents, capitals,
    /// a colon or bold, and behind a greeting.
    pub fn read(text: &str) -> Self {
        let mut before: Vec<&str> = Vec::new();
        let mut asked: Vec<(Result<Verb, String>, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            match (verb(line), asked.last_mut()) {
                (Some((verb, rest)), _) => asked.push((verb, vec![rest])),
                (None, Some((_, lines))) => lines.push(line),
                (None, None) => before.push(line),
            }
        }
        if !asked.is_empty() && before.iter().all(|l| l.trim().is_empty() || is_greeting(l)) {
            before.clear();
        }
        let joined = |lines: &[&str]| lines.join("\n").trim().to_owned();
        Written {
            whole: text.trim().to_owned(),
            before: joined(&before),
            asked: asked
                .into_iter()
                .map(|(verb, lines)| Asked {
                    verb,
                    text: joined(&lines),
                })
                .collect(),
        }
    }

    /// Whether its first word is this verb.
    pub fn begins_with(&self, verb: Verb) -> bool {
        self.asked
            .first()
            .is_some_and(|asked| asked.verb == Ok(verb))
    }
}

fn is_wrapping(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '_' | '\u{200B}' | '\u{FEFF}')
}

/// The verb that a line begins with, and what follows on it.
fn verb(line: &str) -> Option<(Result<Verb, String>, &str)> {
    let (before, after) = line.split_once('#')?;
    let greets = !before.trim_matches(is_wrapping).is_empty();
    if greets && !is_greeting(before) {
        return None;
    }
    // `# Título` is how some write a heading; `# tomar` is a slip.
    let spaced = after.starts_with(' ');
    let after = after.trim_start_matches(' ');
    let end = after
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}')))
        .unwrap_or(after.len());
    let (word, rest) = after.split_at(end);
    let rest = rest.trim_start_matches(|c: char| {
        is_wrapping(c) || matches!(c, ':' | '.' | ',' | '-' | '–' | ';')
    });
    let plain = format!("#{}", folded(word));
    let known = Verb::VARIANTS.iter().find(|verb| verb.word() == plain);
    match known {
        Some(verb) => Some((Ok(*verb), rest)),
        None if greets || spaced || !word.starts_with(char::is_alphabetic) => None,
        None => Some((Err(format!("#{word}")), rest)),
    }
}

/// What came of a mail with verbs.
#[derive(Clone, Debug)]
pub struct Done {
    pub events: Vec<Event>,
    /// Who may have the files that came with it.
    pub files: Visibility,
    /// What its writer is told of each verb, in Spanish.
    pub told: Vec<String>,
}

/// Carries out what a mail asks for, in its order. What cannot be done is told, and
/// its text is kept as an internal note: nothing that was written is lost, and
/// nothing goes out that was not meant to.
///
/// # Errors
/// When nothing of it can be done, not even a note.
pub fn carry_out(
    written: &Written,
    hand: Hand,
    ticket: &Ticket,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Done, Rejection> {
    let mut so_far = ticket.clone();
    let mut events = Vec::new();
    let mut told = Vec::new();
    let mut files = Visibility::Public;
    let mut refused = None;
    let mut give = |command: &Command| -> Result<(), Rejection> {
        let next = decide(&so_far, command, actor, setting)?;
        apply_all(&mut so_far, &next);
        events.extend(next);
        Ok(())
    };
    let mut before = written.before.as_str();
    for asked in &written.asked {
        let parts = [before, asked.text.as_str()];
        before = "";
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = parts.join("\n");
        let said = match &asked.verb {
            Err(word) => Err(format!("«{word}» no se conoce.")),
            Ok(verb) => one(*verb, hand, &text, &mut give, &mut refused),
        };
        match said {
            Ok((done, visibility)) => {
                if visibility == Visibility::Internal {
                    files = Visibility::Internal;
                }
                told.push(done);
            }
            Err(why) => {
                files = Visibility::Internal;
                told.push(match note(&text, &mut give) {
                    Some(Ok(())) => format!("{why} Su texto quedó como nota interna."),
                    Some(Err(rejection)) => {
                        refused.get_or_insert(rejection);
                        why
                    }
                    None => why,
                });
            }
        }
    }
    // A verb alone that lacks its text, or cannot be done, is on record as well.
    if events.is_empty() {
        let body = written.whole.clone();
        let visibility = Visibility::Internal;
        let command = Command::FollowUp { body, visibility };
        events = decide(ticket, &command, actor, setting)
            .map_err(|rejection| refused.unwrap_or(rejection))?;
    }
    Ok(Done {
        events,
        files,
        told,
    })
}

/// Keeps a text for those who work on the ticket.
fn note(
    text: &str,
    give: &mut impl FnMut(&Command) -> Result<(), Rejection>,
) -> Option<Result<(), Rejection>> {
    (!text.is_empty()).then(|| {
        give(&Command::FollowUp {
            body: text.to_owned(),
            visibility: Visibility::Internal,
        })
    })
}

/// Does what one verb asks for, or says why not.
fn one(
    verb: Verb,
    hand: Hand,
    text: &str,
    give: &mut impl FnMut(&Command) -> Result<(), Rejection>,
    refused: &mut Option<Rejection>,
) -> Result<(String, Visibility), String> {
    let word = verb.word();
    if !verb.line().hands.contains(&hand) {
        return Err(format!("{word} no es para usted."));
    }
    if let (Text::Needed(missing), "") = (verb.line().text, text) {
        return Err(format!("{word}: no se hizo, {missing}"));
    }
    let or = |otherwise: &str| if text.is_empty() { otherwise } else { text }.to_owned();
    let (command, files) = match verb {
        Verb::Take => (Command::Take, Visibility::Internal),
        Verb::Contact => (
            Command::Contact {
                note: or("Contacto registrado por correo."),
            },
            Visibility::Public,
        ),
        Verb::Hold => (Command::Hold { note: or("") }, Visibility::Public),
        Verb::Resolve => (Command::Resolve { solution: or("") }, Visibility::Public),
        Verb::Note => (
            Command::FollowUp {
                body: or(""),
                visibility: Visibility::Internal,
            },
            Visibility::Internal,
        ),
        Verb::Report => (
            Command::ReportSolution {
                body: or("(El reporte no trae texto.)"),
            },
            Visibility::Internal,
        ),
        Verb::Return => (Command::Return { note: or("") }, Visibility::Internal),
        Verb::Leave => (Command::StopObserving, Visibility::Internal),
    };
    let given = give(&command);
    // What is said beside it was not said to the requester.
    let given = given.and_then(|()| match verb {
        Verb::Take => note(text, give).unwrap_or(Ok(())),
        Verb::Contact
        | Verb::Hold
        | Verb::Resolve
        | Verb::Note
        | Verb::Report
        | Verb::Return
        | Verb::Leave => Ok(()),
    });
    let beside = match (verb, text) {
        (Verb::Take, text) if !text.is_empty() => " Su texto quedó como nota interna.",
        (_, _) => "",
    };
    let done = format!("{word}: {}{beside}", verb.line().done);
    given.map(|()| (done, files)).map_err(|rejection| {
        let why = why(&rejection);
        refused.get_or_insert(rejection);
        format!("{word}: no se hizo. {why}")
    })
}

/// The reason as it is told.
fn why(rejection: &Rejection) -> String {
    match Problem::from(rejection.clone()) {
        Problem::InvalidTransition(detail)
        | Problem::MalformedBody(detail)
        | Problem::NotYours(detail) => detail,
        Problem::Forbidden(detail) | Problem::NotFound(detail) => detail.to_owned(),
        Problem::Validation(errors) => errors.into_iter().map(|e| e.detail).collect(),
        Problem::SignedOut
        | Problem::VoidNumber(_)
        | Problem::LinkEnded(_)
        | Problem::MethodNotAllowed(_)
        | Problem::VersionConflict { .. }
        | Problem::IdempotencyMismatch
        | Problem::Unavailable
        | Problem::Internal => "No fue posible.".to_owned(),
    }
}
