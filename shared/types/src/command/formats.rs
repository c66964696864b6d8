//! Filling in and signing formats (section 5.1, activities 4 and 9): sections in order,
//! each by whoever it is for, and frozen once it is signed.

use serde_json::Value;

use super::clockwork::Draft;
use super::rejection::Rejection;
use super::setting::Setting;
use crate::catalogue::Role;
use crate::format::accounts::Holder;
use crate::format::fill::{Against, applying, mistakes, read};
use crate::format::record::{Filled, Format, Known, Place, Signature, Values, digest};
use crate::format::schema::{Prefill, Rule, Schema, Section};
use crate::format::turn::{self, Turn, may_fill, may_sign, schema_of, signers};
use crate::ids::{FormatCode, SectionId};
use crate::permission::{Actor, Caller, Denial, may_read_format};
use crate::ticket::{EventKind, Ticket};

/// Most bytes that all formats of a ticket take in its row.
pub const MAX_FORMATS_BYTES: usize = 90_000;

/// A format of a ticket, and somebody at it.
pub(super) struct Form<'a> {
    ticket: &'a Ticket,
    schema: &'static Schema,
    format: Option<&'a Format>,
    caller: &'a Caller,
    setting: Setting<'a>,
}

fn refused(why: String) -> Rejection {
    Rejection::InvalidTransition(why)
}

impl<'a> Form<'a> {
    /// A format that somebody wants to fill in, sign or correct.
    pub(super) fn of(
        ticket: &'a Ticket,
        code: &FormatCode,
        actor: &'a Actor,
        setting: Setting<'a>,
    ) -> Result<Self, Rejection> {
        let Actor::Person(caller) = actor else {
            return Err(Rejection::Denied(Denial::Forbidden));
        };
        // Whoever signs one of a ticket's formats knows nothing of the others.
        if !may_read_format(caller, ticket, code) {
            return Err(Rejection::Denied(Denial::Hidden));
        }
        let schema = schema_of(ticket, code)
            .ok_or_else(|| refused(format!("La solicitud no lleva el formato {code}.")))?;
        if schema.is_generated() {
            return Err(refused(format!(
                "El formato {code} no se diligencia: sale de los que se firman."
            )));
        }
        Ok(Form {
            ticket,
            schema,
            format: ticket.formats.get(code),
            caller,
            setting,
        })
    }

    fn section(&self, id: &SectionId) -> Result<(usize, &'static Section), Rejection> {
        let found = self.schema.section(id);
        found.ok_or_else(|| refused(format!("El formato no tiene una sección «{id}».")))
    }

    /// The signature that the format waits for, which has to be this section's.
    fn turn(&self, id: &SectionId) -> Result<Turn, Rejection> {
        let (place, _) = self.section(id)?;
        let Some(turn) = turn::turn(self.schema, self.format) else {
            return Err(refused(
                "El formato ya está firmado completo: pida una corrección.".to_owned(),
            ));
        };
        if place < turn.place {
            return Err(refused(format!(
                "La sección {} ya está firmada y no se puede cambiar: pida una corrección.",
                place + 1
            )));
        }
        if place > turn.place {
            return Err(refused(format!(
                "Todavía no le toca a la sección {}: falta que {} firme la {}.",
                place + 1,
                signers(turn.line(), self.format),
                turn.place + 1
            )));
        }
        Ok(turn)
    }

    fn filled(&self, turn: &Turn) -> Filled {
        let format = self.format;
        let filled = format.and_then(|format| format.section(&turn.section.id));
        filled.cloned().unwrap_or_default()
    }

    fn others_to_sign(&self, turn: &Turn) -> Rejection {
        Rejection::Denied(Denial::OthersToSign(format!(
            "La sección {} la firma {}.",
            turn.place + 1,
            signers(turn.line(), self.format)
        )))
    }

    /// What the section says once `given` is filled in: what was signed in it stays.
    fn filled_in(&self, turn: &Turn, given: &Values) -> Result<Values, Rejection> {
        let read = read(turn.section, turn.signing, given.clone()).map_err(Rejection::Fields)?;
        let mut values = self.filled(turn).fields;
        values.retain(|id, _| {
            let field = turn.section.field(&id.as_str().into());
            field.is_some_and(|field| turn.section.signing_of(field) < turn.signing)
        });
        values.extend(read);
        Ok(values)
    }

    fn fits(&self, section: &SectionId, values: &Values) -> Result<(), Rejection> {
        let size = |value: &Values| serde_json::to_vec(value).map_or(usize::MAX, |json| json.len());
        let others = self.ticket.formats.iter().flat_map(|(code, format)| {
            let sections = format.sections.iter();
            sections.filter(move |(id, _)| *code != self.schema.code || *id != section)
        });
        let bytes = others
            .map(|(_, filled)| size(&filled.fields))
            .fold(size(values), usize::saturating_add);
        match bytes <= MAX_FORMATS_BYTES {
            true => Ok(()),
            false => Err(refused(
                "Los formatos de la solicitud no dan para más texto: acorte alguno.".to_owned(),
            )),
        }
    }

    /// Fills a section in, as far as it goes.
    pub(super) fn draft(self, id: &SectionId, fields: &Values) -> Result<Vec<Draft>, Rejection> {
        let turn = self.turn(id)?;
        if !may_fill(&turn, self.caller.signatory(), self.ticket) {
            return Err(self.others_to_sign(&turn));
        }
        let fields = self.filled_in(&turn, fields)?;
        self.fits(id, &fields)?;
        let drafted = EventKind::SectionDrafted {
            code: self.schema.code.clone(),
            version: self.schema.version,
            section: id.clone(),
            fields,
        };
        Ok(vec![(drafted, vec![])])
    }

    /// Signs a section.
    pub(super) fn sign(
        self,
        id: &SectionId,
        fields: Option<&Values>,
        on_paper: Option<&str>,
        holder: Option<&Holder>,
    ) -> Result<Vec<Draft>, Rejection> {
        let turn = self.turn(id)?;
        let filled = self.filled(&turn);
        if on_paper.is_none() && !may_fill(&turn, self.caller.signatory(), self.ticket) {
            return Err(self.others_to_sign(&turn));
        }
        let fields = match fields {
            Some(given) => self.filled_in(&turn, given)?,
            None => filled.fields.clone(),
        };
        let signer = self.caller.signatory();
        let role = match (may_sign(&turn, signer, self.ticket, &fields), on_paper) {
            (Some(role), None) => role,
            (_, Some(scan)) if turn.section.on_paper && turn::attests(signer, self.ticket) => {
                let there = self.ticket.attachments.iter().any(|file| file.id == scan);
                if !there {
                    return Err(Rejection::Validation(crate::problem::FieldError::new(
                        "/on_paper",
                        "unknown_reference",
                        "Adjunte primero a la solicitud el formato firmado en papel.",
                    )));
                }
                match self.caller.is(Role::Coordinator) {
                    true => Role::Coordinator,
                    false => Role::Agent,
                }
            }
            (_, Some(_)) => {
                return Err(refused(
                    "Solo la Mesa de Ayuda da fe de una firma en papel, y no de esta sección."
                        .to_owned(),
                ));
            }
            (None, None) => return Err(self.others_by_now(&turn, &fields)),
        };
        let known = self.known_but(id);
        let mut fields = applying(turn.section, &fields, &known);
        // What he reads as he signs is the notice that is in force.
        let notice = self.setting.catalogue.document().privacy_notice.version;
        let notices = turn.section.fields.iter();
        for field in notices.filter(|of| of.prefill == Some(Prefill::PrivacyNotice)) {
            fields.insert(field.id.0.clone(), notice.to_string().into());
        }
        let against = Against {
            known: &known,
            catalogue: self.setting.catalogue,
            now: self.setting.now,
            holder,
        };
        let wrong = mistakes(turn.section, turn.signing, &fields, against);
        if !wrong.is_empty() {
            return Err(Rejection::Fields(wrong));
        }
        self.fits(id, &fields)?;
        let place = Place {
            ticket: self.ticket.number.0,
            code: &self.schema.code,
            version: self.schema.version,
            section: id,
            edition: filled.edition,
        };
        let signature = Signature {
            signing: turn.line().id.clone(),
            by: self.caller.person(),
            role,
            at: self.setting.now,
            sha256: digest(place, &fields),
            on_paper: on_paper.map(str::to_owned),
        };
        let mut rules = turn.section.rules_of(turn.signing);
        let back = rules.find_map(|rule| self.back(rule, &fields));
        let is_last = turn.place + 1 == self.schema.sections.len()
            && turn.signing + 1 == turn.section.signings.len();
        let signed = EventKind::SectionSigned {
            code: self.schema.code.clone(),
            version: self.schema.version,
            section: id.clone(),
            fields,
            signature,
            complete: is_last && back.is_none(),
            reopens: back.map_or(vec![], |to| self.between(to, turn.place)),
        };
        Ok(vec![(signed, vec![])])
    }

    /// By what he filled in himself it is somebody else's to sign.
    fn others_by_now(&self, turn: &Turn, fields: &Values) -> Rejection {
        let mut format = self.format.cloned().unwrap_or_default();
        let filled = format.sections.entry(turn.section.id.clone()).or_default();
        filled.fields = fields.clone();
        Rejection::Denied(Denial::OthersToSign(format!(
            "Por lo diligenciado, la sección {} la firma {}.",
            turn.place + 1,
            signers(turn.line(), Some(&format))
        )))
    }

    /// What the other sections say.
    fn known_but(&self, id: &SectionId) -> Known<'a> {
        let sections = self.format.into_iter().flat_map(|format| &format.sections);
        let others = sections.filter(|(other, _)| *other != id);
        Known(others.map(|(_, filled)| &filled.fields).collect())
    }

    /// Where a signature takes the format back to, where it says so.
    fn back(&self, rule: &Rule, fields: &Values) -> Option<usize> {
        let Rule::Returns { field, is, to, .. } = rule else {
            return None;
        };
        let says = fields.get(&field.0).and_then(Value::as_str)?;
        let returns = is.iter().any(|is| is == says);
        self.schema
            .section(to)
            .filter(|_| returns)
            .map(|(place, _)| place)
    }

    /// The sections from one place to another.
    fn between(&self, from: usize, to: usize) -> Vec<SectionId> {
        let sections = self.schema.sections.iter().enumerate();
        let between = sections.filter(|(place, _)| (from..=to).contains(place));
        between.map(|(_, section)| section.id.clone()).collect()
    }

    /// Opens a signed section again: whoever signs it asks for that, or the desk does.
    pub(super) fn correct(self, id: &SectionId, reason: &str) -> Result<Vec<Draft>, Rejection> {
        let (place, section) = self.section(id)?;
        let code = &self.schema.code;
        let signer = self.caller.signatory();
        if !turn::attests(signer, self.ticket) && !turn::signs(section, code, signer, self.ticket) {
            return Err(Rejection::Denied(Denial::OthersToSign(
                "Una corrección la pide quien firma esa sección, o la Mesa de Ayuda.".to_owned(),
            )));
        }
        let signed = |section: &Section| {
            let filled = self.format.and_then(|format| format.section(&section.id));
            filled.is_some_and(|filled| !filled.signatures.is_empty())
        };
        if !signed(section) {
            return Err(refused(format!(
                "La sección {} no está firmada: se puede cambiar todavía.",
                place + 1
            )));
        }
        let last = self
            .schema
            .sections
            .iter()
            .rposition(signed)
            .unwrap_or(place);
        let reopened = EventKind::SectionReopened {
            code: code.clone(),
            sections: self.between(place, last),
            reason: reason.to_owned(),
        };
        Ok(vec![(reopened, vec![])])
    }
}
